import type { Problem } from "../base/diagnostic.js"
import { didYouMean } from "../base/nearest.js"
import type { Action } from "./policy.js"

/** The ladder, lowest step first. */
export const actions: readonly Action[] = ["notify", "drop", "block"]

export function parseAction(text: string): Action | Problem {
  if (isAction(text)) return text
  const alias = actionAliases.get(text.toLowerCase())
  const hint = alias ? `write ${alias}` : (didYouMean(text, actions) ?? "the steps are notify < drop < block")
  return { id: "not-an-action", message: `"${text}" is not an action`, hint }
}

export function isAction(text: string): text is Action {
  return (actions as readonly string[]).includes(text)
}

/** The lower of two steps. */
export function lowerAction(left: Action, right: Action): Action {
  return actions.indexOf(left) < actions.indexOf(right) ? left : right
}

/** `no`, `yes`, `False`…: booleans to YAML 1.1, text to 1.2, and words of other tools. The policy has one word for it. */
export function booleanProblem(text: string): Problem | undefined {
  const word = text.toLowerCase()
  if (word === "off" ? text !== "off" : offWords.has(word)) {
    return { id: "yaml-boolean", message: `"${text}" is not a word of the policy`, hint: "write off" }
  }
  if (!onWords.has(word)) return undefined
  return {
    id: "yaml-boolean",
    message: `"${text}" does not say what to do`,
    hint: "write notify, drop or block; {} takes the defaults",
  }
}

const offWords = new Set(["no", "n", "none", "false", "never", "disable", "disabled", "unlimited"])
const onWords = new Set(["yes", "y", "on", "true", "enable", "enabled", "default"])

const actionAliases = new Map<string, Action>([
  ["deny", "drop"],
  ["reject", "drop"],
  ["discard", "drop"],
  ["log", "notify"],
  ["alert", "notify"],
  ["watch", "notify"],
  ["monitor", "notify"],
  ["warn", "notify"],
  ["ban", "block"],
  ["blacklist", "block"],
  ["blocklist", "block"],
  ["on", "drop"],
  ["true", "drop"],
  ["yes", "drop"],
])
