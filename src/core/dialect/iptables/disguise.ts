import type { Rule } from "../../ruleset/ruleset.js"
import type { XtAddress } from "../../ruleset/xtables/node.js"
import { optionOf, type XtOptions } from "../../ruleset/xtables/option.js"
import { lengthOfMask, printWords } from "../../ruleset/xtables/value-address.js"

/** What a rule asks, as far as a protection could ask it; `others` are in iptables' words. */
export interface Asked {
  readonly protocol?: number
  readonly ports: readonly string[]
  readonly source?: string
  readonly input?: string
  /** Bits of `ct state`; absent: nothing is asked. */
  readonly states?: number
  readonly flags?: Flags
  readonly fragment: boolean
  readonly icmpType?: number
  /** Matches that remember, and `tcpmss`: at most one of them. */
  readonly match?: { readonly name: string; readonly options: XtOptions }
  /** What no protection asks: each in a word or two. */
  readonly others: readonly string[]
}

export interface Flags {
  readonly mask: number
  readonly value: number
  readonly negated: boolean
}

/** What becomes of a packet that the rule matches. */
export type Ending = "drop" | "pass" | "jump" | "other"

/** The bits of conntrack's states (linux/netfilter/nf_conntrack_common.h, as `ct state` has them). */
export const INVALID = 1
export const NEW = 8

const remembering = ["recent", "hashlimit", "limit", "connlimit", "tcpmss"]

export function endingOf({ steps }: Rule): Ending {
  const last = steps.at(-1)
  if (last?.step === "verdict") {
    if (last.verdict === "drop") return "drop"
    if (last.verdict === "accept" || last.verdict === "return") return "pass"
    return last.verdict === "jump" || last.verdict === "goto" ? "jump" : "other"
  }
  if (last?.step === "xt-target") return last.name === "REJECT" || last.name === "TARPIT" ? "drop" : "other"
  return "other"
}

export function askedBy(rules: readonly Rule[]): Asked {
  const asked: { -readonly [Key in keyof Asked]: Asked[Key] } = { ports: [], fragment: false, others: [] }
  const others: string[] = []
  for (const step of rules.flatMap(({ steps }) => steps)) {
    if (step.step === "xt-header") {
      const { source, destination, input, output, protocol, fragment } = step
      if (source) {
        const network = source.negated ? undefined : networkOf(source)
        if (network === undefined) others.push("its sources")
        else asked.source = network
      }
      if (destination) others.push("-d")
      if (output) others.push("-o")
      if (input?.negated) others.push("! -i")
      else if (input) asked.input = input.name
      if (protocol?.negated) others.push("! -p")
      else if (protocol) asked.protocol = protocol.number
      if (fragment) asked.fragment = !fragment.negated
    } else if (step.step === "xt-match") {
      const { name, options } = step
      if (name === "tcp" || name === "udp") readTransport(options, asked, others)
      else if (name === "multiport") {
        const list = optionOf(options, "dports")
        if (list && !list.negated) asked.ports = (list.value as readonly Pair[]).map(portText)
        else others.push("-m multiport")
      } else if (name === "state" || name === "conntrack") {
        const state = optionOf(options, name === "state" ? "state" : "ctstate")
        if (state && !state.negated && options.length === 1) asked.states = Number(state.value)
        else others.push(`-m ${name}`)
      } else if (name === "icmp" || name === "icmp6") {
        const type = optionOf(options, name === "icmp" ? "icmp-type" : "icmpv6-type")
        const value = (type?.value ?? []) as readonly number[]
        if (type?.negated) others.push(`-m ${name}`)
        else asked.icmpType = value[0] ?? -1
      } else if (remembering.includes(name) && asked.match === undefined) asked.match = { name, options }
      else if (name !== "comment") others.push(`-m ${name}`)
    }
  }
  asked.others = others
  return asked
}

type Pair = readonly [number, number]

function readTransport(
  options: XtOptions,
  asked: { ports: readonly string[]; flags?: Flags },
  others: string[],
): void {
  for (const { name, negated, value } of options) {
    if (name === "dport" && !negated) asked.ports = [portText(value as Pair)]
    else if (name === "tcp-flags" && asked.flags === undefined) {
      const [mask, wanted] = value as Pair
      asked.flags = { mask, value: wanted, negated: negated === true }
    } else others.push(`--${name}`)
  }
}

function portText([low, high]: Pair): string {
  return low === high ? `${low}` : `${low}-${high}`
}

export function networkOf({ words, mask }: XtAddress): string | undefined {
  const length = lengthOfMask(mask)
  if (length < 0) return undefined
  return length === words.length * 32 ? printWords(words) : `${printWords(words)}/${length}`
}

/** Flags of a TCP header, in the bits of its byte. */
export const SYN_MASK = 23
export const SYN_VALUE = 2

/** `--syn`. */
export function isSyn(flags: Flags | undefined): boolean {
  if (flags === undefined || flags.negated) return false
  return flags.value === SYN_VALUE && (flags.mask & SYN_VALUE) !== 0 && (flags.mask & ~63) === 0
}

/** All 64 combinations that the rule matches. */
export function matchedFlags({ mask, value, negated }: Flags): readonly number[] {
  return Array.from({ length: 64 }, (_, flags) => flags).filter(
    (flags) => ((flags & mask) === value) !== negated,
  )
}
