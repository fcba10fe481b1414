import { readIptables } from "../../backend/iptables/read.js"
import { ruleText } from "../../backend/iptables/rule-text.js"
import type { Rule } from "../../ruleset/ruleset.js"
import type { XtAddress } from "../../ruleset/xtables/node.js"
import { lengthOfMask, printWords } from "../../ruleset/xtables/value-address.js"

/** `iptables -t mangle -I kesl_bypass …`, `ip6tables …`, or a line of iptables-save. */
export function isBypassLine(text: string): boolean {
  return /\bkesl_bypass\b/.test(text)
}

/** A rule of the chain, as iptables-save prints it. */
export interface BypassRule {
  readonly family: 4 | 6
  readonly text: string
  /** `-I`: before those that are there. */
  readonly isFirst: boolean
}

/** What a line of the chain kesl_bypass asks for: a packet phrase without its direction, or a sentence that says why there is none; with the rule, where it makes one. */
export type ReadBypass = Asked & { readonly rule?: BypassRule }

type Asked =
  | { readonly kind: "phrase"; readonly directions: readonly ("in" | "out")[]; readonly words: string }
  /** The chain itself, or what does not let anything past. */
  | { readonly kind: "nothing"; readonly why: string }
  | { readonly kind: "unsaid"; readonly why: string }
  /** It takes packets away from rules below that would let them past. */
  | { readonly kind: "exception"; readonly why: string }
  | { readonly kind: "refused"; readonly why: string }

/**
 * What KESL has in the kernel, as far as it is known: the chain that lets packets past its interception, at the top of the table mangle. Which packets its database takes for
 * attacks nobody outside of Kaspersky knows, and no rule says: all others are let in.
 */
export function keslRules(rules: readonly BypassRule[], family: 4 | 6): string {
  const own: string[] = []
  for (const { text, isFirst } of rules.filter((rule) => rule.family === family))
    if (isFirst) own.unshift(text)
    else own.push(text)
  const heads = ["PREROUTING", "OUTPUT"]
  return [
    "*mangle",
    ...heads.map((head) => `:${head} ACCEPT [0:0]`),
    ":kesl_bypass - [0:0]",
    ...heads.map((head) => `-A ${head} -j kesl_bypass`),
    ...own,
    "COMMIT",
    "",
  ].join("\n")
}

/** Reads one line. Its rule lets packets past in both directions of the chain's hooks; `exact` keeps to that. */
export function readBypass(line: string, exact: boolean): ReadBypass {
  const command = line.replace(/^\s*(?:sudo\s+)?/, "")
  const family = /^(?:\S*\/)?ip6tables/.test(command) || /\s-[sd]\s+[0-9a-f]*:/i.test(command) ? 6 : 4
  const isCommand = /^(?:\S*\/)?ip6?tables/.test(command)
  const isDeclared = /^:kesl_bypass\b|\s-N\s+kesl_bypass\b/.test(command)
  if (isDeclared) return { kind: "nothing", why: "it makes the chain" }
  if (/\s-[jg]\s+kesl_bypass\b/.test(command)) return { kind: "nothing", why: "it leads to the chain" }
  if (/(?:^|\s)-[DFXZ]\s+kesl_bypass\b/.test(command))
    return { kind: "nothing", why: "it takes rules out of the chain" }
  const rule = command.replace(/\s-I(\s+kesl_bypass)(\s+\d+)?\b/, " -A$1")
  const tool = family === 6 ? "ip6tables" : "iptables"
  const text = isCommand
    ? `${tool} -t mangle -N kesl_bypass\n${rule}\n`
    : `*mangle\n:kesl_bypass - [0:0]\n${rule}\nCOMMIT\n`
  const { ruleset, diagnostics } = readIptables({ path: "kesl_bypass", text }, family)
  const error = diagnostics.find(({ severity }) => severity === "error")
  if (error) return { kind: "refused", why: error.message }
  const rules = ruleset.tables.flatMap(({ name, chains }) =>
    name === "mangle" ? (chains.find((chain) => chain.name === "kesl_bypass")?.rules ?? []) : [],
  )
  const [only] = rules
  if (only === undefined || rules.length > 1)
    return { kind: "unsaid", why: "it is not one rule of that chain" }
  const printed = ruleText(only.steps)
  const isFirst = /\s-I\s+kesl_bypass\b/.test(command)
  return {
    ...phraseOf(only, exact),
    ...(printed !== undefined && { rule: { family, text: `-A kesl_bypass ${printed}`, isFirst } }),
  }
}

function phraseOf(rule: Rule, exact: boolean): Asked {
  const unsaid = (why: string): Asked => ({ kind: "unsaid", why })
  const words: string[] = []
  let from: string | undefined
  let to: string | undefined
  let protocol: string | undefined
  let ports: string | undefined
  let isAccept = false
  for (const step of rule.steps) {
    if (step.step === "verdict") {
      if (step.verdict === "accept") isAccept = true
      else return { kind: "exception", why: `its packets ${verdictWords(step.verdict)}` }
    } else if (step.step === "xt-header") {
      const { source, destination, input, output, fragment } = step
      if (input || output)
        return unsaid("a bypass asks for a zone, and which zone holds its device is not known")
      if (fragment) return unsaid("a bypass does not ask for fragments")
      const negated = source?.negated || destination?.negated || step.protocol?.negated
      if (negated) return unsaid("a bypass has no negation")
      from = source && networkOf(source)
      to = destination && networkOf(destination)
      if ((source && from === undefined) || (destination && to === undefined))
        return unsaid("its mask is not a network's")
      if (step.protocol) {
        protocol = { 1: "icmp", 6: "tcp", 17: "udp", 58: "icmp" }[step.protocol.number]
        if (protocol === undefined) return unsaid("a bypass asks for tcp, udp or icmp")
      }
    } else if (step.step === "xt-match" && ["tcp", "udp", "multiport"].includes(step.name)) {
      for (const { name, negated, value } of step.options) {
        if (negated || (name !== "dport" && name !== "dports"))
          return unsaid(`a bypass asks for the port that was dialled, and not for --${name}`)
        const ranges = (name === "dport" ? [value] : value) as readonly (readonly [number, number])[]
        ports = ranges.map(([low, high]) => (low === high ? `${low}` : `${low}-${high}`)).join(",")
      }
    } else if (step.step === "xt-match" && step.name === "comment") continue
    else return unsaid(`a bypass cannot ask for ${"name" in step ? `-m ${step.name}` : step.step}`)
  }
  if (!isAccept) return { kind: "nothing", why: "it lets nothing past" }
  if (protocol !== undefined) words.push(protocol)
  if (ports !== undefined) words.push("port", ports)
  if (from !== undefined) words.push("from", from)
  if (to !== undefined) words.push("to", to)
  const directions = exact
    ? (["in", "out"] as const)
    : from !== undefined && !to
      ? (["in"] as const)
      : (["out"] as const)
  return { kind: "phrase", directions, words: words.join(" ") }
}

function verdictWords(verdict: string): string {
  return verdict === "return" ? "leave the chain before the rules below" : `are given to ${verdict}`
}

function networkOf({ words, mask }: XtAddress): string | undefined {
  const length = lengthOfMask(mask)
  if (length < 0) return undefined
  return length === words.length * 32 ? printWords(words) : `${printWords(words)}/${length}`
}
