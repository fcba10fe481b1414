import { readIptables } from "../../backend/iptables/read.js"
import type { Rule } from "../../ruleset/ruleset.js"
import type { XtAddress } from "../../ruleset/xtables/node.js"
import { lengthOfMask, printWords } from "../../ruleset/xtables/value-address.js"

/** `iptables -t mangle -I kesl_bypass …`, `ip6tables …`, or a line of iptables-save. */
export function isBypassLine(text: string): boolean {
  return /\bkesl_bypass\b/.test(text)
}

/** What a line of the chain kesl_bypass asks for: a packet phrase without its direction, or a sentence that says why there is none. */
export type ReadBypass =
  | { readonly kind: "phrase"; readonly directions: readonly ("in" | "out")[]; readonly words: string }
  /** The chain itself, or what does not let anything past. */
  | { readonly kind: "nothing"; readonly why: string }
  | { readonly kind: "unsaid"; readonly why: string }
  /** It takes packets away from rules below that would let them past. */
  | { readonly kind: "exception"; readonly why: string }
  | { readonly kind: "refused"; readonly why: string }

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
  return only === undefined || rules.length > 1
    ? { kind: "unsaid", why: "it is not one rule of that chain" }
    : phraseOf(only, exact)
}

function phraseOf(rule: Rule, exact: boolean): ReadBypass {
  const unsaid = (why: string): ReadBypass => ({ kind: "unsaid", why })
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
