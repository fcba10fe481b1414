import type { Rule } from "../../ruleset/ruleset.js"
import type { XtAddress } from "../../ruleset/xtables/node.js"
import { hasOption, isNegated, numberOf, optionOf, type XtOptions } from "../../ruleset/xtables/option.js"
import { lengthOfMask, printWords } from "../../ruleset/xtables/value-address.js"

/** What rules ask, one behind another, as far as a policy could ask it; `others` are in iptables' words. */
export interface Asked {
  readonly protocol?: number
  readonly ports: readonly string[]
  /** An address, a network, or a range `from-to`. */
  readonly source?: string
  /** An ipset whose members are the sources. */
  readonly sourceSet?: string
  /** Sources that the routing table says are this host's. */
  readonly ownSource: boolean
  readonly destination: boolean
  /** As iptables writes it: `eth+`. */
  readonly input?: string
  /** Bits of `ct state`; absent: nothing is asked. */
  readonly states?: number
  readonly flags?: Flags
  readonly fragment: boolean
  /** -1: any. */
  readonly icmpType?: number
  /** A match that remembers, or `tcpmss`: at most one of them. */
  readonly match?: RememberingMatch
  /** Lists of `recent` that the rule writes to. */
  readonly writes: readonly string[]
  /** The list is written to before it is asked, by the rule itself. */
  readonly writesFirst: boolean
  /** What no protection asks: each in a word or two. */
  readonly others: readonly string[]
}

export interface RememberingMatch {
  readonly name: string
  readonly options: XtOptions
}

export interface Flags {
  readonly mask: number
  readonly value: number
  readonly negated: boolean
}

/** Numbers of protocols. */
export const ICMP = 1
export const IGMP = 2
export const TCP = 6
export const UDP = 17
export const ICMPV6 = 58

/** The bits of conntrack's states, as `ct state` has them. */
export const INVALID = 1
export const ESTABLISHED = 2
export const RELATED = 4
export const NEW = 8
export const UNTRACKED = 64
const EVERY_STATE = INVALID | ESTABLISHED | RELATED | NEW | UNTRACKED

type Draft = { -readonly [Key in keyof Asked]: Asked[Key] } & { others: string[]; writes: string[] }

type Pair = readonly [number, number]

export function askedBy(rules: readonly Rule[]): Asked {
  const asked: Draft = {
    ...{ ports: [], ownSource: false, destination: false, fragment: false },
    ...{ writes: [], writesFirst: false, others: [] },
  }
  for (const step of rules.flatMap(({ steps }) => steps)) {
    if (step.step === "xt-header") {
      const { source, destination, input, output, protocol, fragment } = step
      if (source) {
        const network = source.negated ? undefined : networkOf(source)
        if (network === undefined) asked.others.push("its sources")
        else asked.source = network
      }
      if (destination) asked.destination = true
      if (output) asked.others.push("-o")
      // Not over loopback is what all packets are that arrive from somewhere.
      if (input?.negated && input.name !== "lo") asked.others.push(`! -i ${input.name}`)
      else if (input && !input.negated) asked.input = input.name
      if (protocol?.negated) asked.others.push("! -p")
      else if (protocol) asked.protocol = protocol.number
      if (fragment) asked.fragment = !fragment.negated
    } else if (step.step === "xt-match") {
      const read = Object.hasOwn(readers, step.name) ? readers[step.name] : undefined
      if (read) read(step.options, asked, step.name)
      // A counter of somebody's asks nothing either.
      else if (step.name !== "comment" && step.name !== "nfacct") asked.others.push(`-m ${step.name}`)
    }
  }
  return asked
}

type MatchReader = (options: XtOptions, asked: Draft, name: string) => void

const readState: MatchReader = (options, asked, name) => {
  const state = optionOf(options, name === "state" ? "state" : "ctstate")
  if (state === undefined || options.length !== 1) asked.others.push(`-m ${name}`)
  else asked.states = (state.negated ? EVERY_STATE & ~Number(state.value) : Number(state.value)) & EVERY_STATE
}

const readIcmp: MatchReader = (options, asked, name) => {
  const type = optionOf(options, name === "icmp" ? "icmp-type" : "icmpv6-type")
  const [value = -1] = (type?.value ?? []) as readonly number[]
  // 255 is iptables' word for any.
  if (type?.negated) asked.others.push(`-m ${name}`)
  else asked.icmpType = value === 255 ? -1 : value
}

const readTransport: MatchReader = (options, asked) => {
  for (const { name, negated, value } of options) {
    if (name === "dport" && !negated) asked.ports = [portText(value as Pair)]
    else if (name === "tcp-flags" && asked.flags === undefined) {
      const [mask, wanted] = value as Pair
      asked.flags = { mask, value: wanted, negated: negated === true }
    } else asked.others.push(`--${name}`)
  }
}

const readRemembering: MatchReader = (options, asked, name) => {
  if (asked.match === undefined) asked.match = { name, options }
  else asked.others.push(`a second -m ${name}`)
}

const readers: Readonly<Record<string, MatchReader>> = {
  tcp: readTransport,
  udp: readTransport,
  state: readState,
  conntrack: readState,
  icmp: readIcmp,
  icmp6: readIcmp,
  hashlimit: readRemembering,
  limit: readRemembering,
  connlimit: readRemembering,
  tcpmss: readRemembering,
  recent(options, asked, name) {
    if (hasOption(options, "remove")) return
    if (!hasOption(options, "set") || isNegated(options, "set")) return readRemembering(options, asked, name)
    asked.writes.push(listName(options))
    if (asked.match === undefined) asked.writesFirst = true
  },
  multiport(options, asked) {
    const list = optionOf(options, "dports")
    if (list && !list.negated) asked.ports = (list.value as readonly Pair[]).map(portText)
    else asked.others.push("-m multiport")
  },
  iprange(options, asked) {
    const range = optionOf(options, "src-range")
    if (range === undefined || range.negated || options.length > 1) asked.others.push("-m iprange")
    else asked.source = (range.value as readonly (readonly number[])[]).map(printWords).join("-")
  },
  set(options, asked) {
    const reference = optionOf(options, "match-set")
    const [name, ends] = (reference?.value ?? ["", []]) as readonly [string, readonly string[]]
    if (reference && !reference.negated && options.length === 1 && ends.length === 1 && ends[0] === "src")
      asked.sourceSet = name
    else asked.others.push("-m set")
  },
  addrtype(options, asked) {
    const LOCAL = 4
    const isOwn = numberOf(options, "src-type", 0) === LOCAL && !isNegated(options, "src-type")
    if (isOwn && options.length === 1) asked.ownSource = true
    // Where the packet goes: INPUT is asked of nothing else.
    else if (!hasOption(options, "dst-type") || options.length > 1) asked.others.push("-m addrtype")
    else asked.destination = true
  },
}

export function listName(options: XtOptions): string {
  const name = optionOf(options, "name")?.value
  return typeof name === "string" ? name : "DEFAULT"
}

function portText([low, high]: Pair): string {
  return low === high ? `${low}` : `${low}-${high}`
}

export function networkOf({ words, mask }: XtAddress): string | undefined {
  const length = lengthOfMask(mask)
  if (length < 0) return undefined
  return length === words.length * 32 ? printWords(words) : `${printWords(words)}/${length}`
}

/** Whether nothing is asked but, perhaps, where the packet arrived. */
export function asksNothing(asked: Asked): boolean {
  const { protocol, ports, source, sourceSet, ownSource, destination, states, flags, fragment } = asked
  const isWide = protocol === undefined && ports.length === 0 && states === undefined && flags === undefined
  const isAnybody = source === undefined && sourceSet === undefined && !ownSource && !destination
  return isWide && isAnybody && !fragment && asked.match === undefined && asked.others.length === 0
}
