import { hasOption, numberOf, optionOf, type XtOptions } from "../../ruleset/xtables/option.js"
import { printPeriod } from "../../ruleset/xtables/value-rate.js"
import type { Draft, DraftMap, OwnerOutcome, Relation } from "../imported.js"
import { type Asked, INVALID, isSyn, matchedFlags, NEW, SYN_MASK, SYN_VALUE } from "./disguise.js"

const ICMP = 1
const TCP = 6
const UDP = 17
const ICMPV6 = 58

/** The protection that a rule is, with its value; `ports`: one entry for each. */
export interface Translation {
  readonly name: string
  readonly ports?: readonly string[]
  readonly value: Draft
  readonly does: string
  readonly relation: Relation
  readonly why?: string
  /** The honest traffic that it stops. */
  readonly harms?: string
  readonly owner?: OwnerOutcome
}

/** `ordinary`: it opens and closes, which a policy does not take over. `lost`: a protection that a policy has no words for. */
export type Translated =
  | { readonly kind: "protection"; readonly translation: Translation }
  | { readonly kind: "lost"; readonly does: string; readonly why: string }
  | { readonly kind: "nothing"; readonly does: string }
  /** It serves another rule, which says what becomes of both. */
  | { readonly kind: "part"; readonly does: string }
  | { readonly kind: "ordinary" }

export interface TranslateContext {
  readonly family: 4 | 6
  readonly hasConntrack: boolean
  /** Of `recent`: the list is written to before it is asked. */
  readonly setsFirst: boolean
}

const is = (translation: Translation): Translated => ({ kind: "protection", translation })
const lost = (does: string, why: string): Translated => ({ kind: "lost", does, why })
const ordinary: Translated = { kind: "ordinary" }

/** What a rule is that drops what it matches; or one that lets a limited part past, where the rest is dropped behind it. */
export function translate(asked: Asked, context: TranslateContext): Translated {
  const { match, others, states, flags, protocol, source } = asked
  const isProtective = match !== undefined || flags !== undefined || states === INVALID || asked.fragment
  if (!isProtective) return sources(asked)
  const does = "Drops what it matches."
  if (others.length > 0) return lost(does, `No protection asks for ${others.join(" and ")}.`)
  if (source !== undefined && match !== undefined)
    return lost(does, "A protection counts every source, and not those of one network alone.")
  if (match) return matchers[match.name]!(asked, match.options, context)
  if (asked.fragment) return fragments(context)
  if (states === INVALID && protocol === undefined && flags === undefined)
    return is({
      ...{ name: "invalid", value: "drop", relation: "same" },
      does: "Drops what belongs to no connection and cannot begin one.",
    })
  if (flags === undefined) return ordinary
  if (flags.negated && flags.mask === SYN_MASK && flags.value === SYN_VALUE) {
    if (states === NEW)
      return is({
        ...{ name: "new-tcp-without-syn", value: "drop", relation: "same" },
        does: "Drops TCP connections that begin in the middle.",
      })
    return ordinary
  }
  // A SYN that is new is what everybody sends first.
  return states === undefined && asked.ports.length === 0 && !isSyn(flags) ? flagRule(asked) : ordinary
}

/** Its own networks and loopback, which no sender outside has, and sources that are simply unwanted. */
function sources({ source, ports, protocol, states, others, icmpType, input }: Asked): Translated {
  const isAlone =
    ports.length === 0 && protocol === undefined && states === undefined && icmpType === undefined
  if (source === undefined || !isAlone || others.some((other) => other !== "! -i")) return ordinary
  if (/^127\.|^::1$/.test(source)) {
    return is({
      ...{ name: "spoofed-source", value: "drop", relation: "stricter" },
      does: "Drops packets from loopback's addresses that come over a wire.",
      why: "This host's own addresses are dropped with them.",
    })
  }
  if (others.length > 0) return ordinary
  return is({
    ...{ name: "blocklist", value: [source] },
    does: `Drops all from ${source}${input === undefined ? "" : ` that arrives on ${input}`}.`,
    relation: "same",
  })
}

function fragments({ hasConntrack }: TranslateContext): Translated {
  if (hasConntrack)
    return {
      kind: "nothing",
      does: "Can never match: connection tracking has put fragments together before.",
    }
  return is({
    ...{ name: "fragments", value: "drop", relation: "same" },
    does: "Drops all fragments but the first, so that none is put together.",
    harms: "DNSSEC, IKE and NFS send fragments",
  })
}

const FIN = 1
const SYN = 2
const RST = 4
const PSH = 8
const ACK = 16
const URG = 32

/** malformed-bad: what its manual entry lists. */
const badPairs: readonly (readonly [number, number])[] = [
  [SYN | FIN, SYN | FIN],
  [SYN | RST, SYN | RST],
  [FIN | RST, FIN | RST],
  [ACK | FIN, FIN],
  [ACK | PSH, PSH],
  [ACK | URG, URG],
]

function flagRule({ flags }: Asked): Translated {
  const matched = matchedFlags(flags!)
  const does = "Drops TCP packets with these flags."
  const isOnly = (combination: number) => matched.length === 1 && matched[0] === combination
  if (isOnly(0)) return is({ name: "malformed-null", value: "drop", does, relation: "same" })
  if (isOnly(63)) return is({ name: "malformed-xmas", value: "drop", does, relation: "same" })
  const isBad = (combination: number) => badPairs.some(([mask, value]) => (combination & mask) === value)
  if (matched.every(isBad))
    return is({
      ...{ name: "malformed-bad", value: "drop", does, relation: "stricter" },
      why: "All combinations that contradict themselves are dropped, these among them.",
    })
  return lost(does, "There are combinations among these that an honest sender has.")
}

type MatcherTranslator = (asked: Asked, options: XtOptions, context: TranslateContext) => Translated

const matchers: Readonly<Record<string, MatcherTranslator>> = {
  tcpmss(_asked, options) {
    const option = optionOf(options, "mss")!
    const [from, to] = option.value as readonly [number, number]
    const does = "Drops SYNs whose segment size is outside of its range."
    const minimum = option.negated ? from : to + 1
    if (option.negated ? to < 65_535 : from > 1) return lost(does, "small-mss has a minimum, and no range.")
    return is({
      ...{ name: "small-mss", value: { minimum }, does },
      relation: option.negated ? "looser" : "same",
      ...(option.negated && {
        why: "Its ! matches SYNs without the option too, which name no size: they pass, for that is allowed (RFC 9293).",
        harms: "clients whose SYN names no segment size",
      }),
    })
  },
  connlimit(asked, options, { family }) {
    const above = optionOf(options, "connlimit-above") ?? optionOf(options, "connlimit-upto")
    const count = Number(above?.value)
    const does = `Drops a connection more than ${count} that a source has at once.`
    if (hasOption(options, "connlimit-daddr"))
      return lost(does, "connections counts sources, and not destinations.")
    if (count === 0) return lost(does, "A limit of none closes the port: open does that.")
    const length = numberOf(options, "connlimit-mask", family === 4 ? 32 : 128)
    const value = { limit: `${count}`, ...perOf(length, family), action: "drop" }
    return is({
      ...{ name: "connections", value, does, relation: "same" },
      ...(asked.ports.length > 0 && { ports: portsOf(asked) }),
    })
  },
  hashlimit(asked, options, { family }) {
    const option = optionOf(options, "hashlimit-above") ?? optionOf(options, "hashlimit-upto")
    const [unit, period] = (option?.value ?? ["bytes", 0]) as readonly [string, number]
    const [burstUnit, burst] = (optionOf(options, "hashlimit-burst")?.value ?? ["packets", 5]) as readonly [
      string,
      number,
    ]
    const does = "Drops what a source sends above a rate."
    if (unit !== "packets" || burstUnit !== "packets" || hasOption(options, "hashlimit-rate-match"))
      return lost(does, "A limit counts packets that begin something, and not bytes.")
    const mode = numberOf(options, "hashlimit-mode", 0)
    if ((mode & ~(SRCIP | DSTPORT)) !== 0 || mode === DSTPORT)
      return lost(does, "A limit counts sources, and not destinations or ports.")
    const length = numberOf(options, "hashlimit-srcmask", family === 4 ? 32 : 128)
    const per = mode === 0 ? { per: "everyone" } : perOf(length, family)
    return rateRule(asked, { limit: ratePhrase(period, 1e6, burst), ...per, action: "drop" }, mode === 0)
  },
  limit(asked, options) {
    const period = numberOf(options, "limit", 0)
    const burst = numberOf(options, "limit-burst", 5)
    const limit = ratePhrase(period, 10_000, burst)
    return rateRule(asked, { limit, per: "everyone", action: "drop" }, true)
  },
  recent(asked, options, { setsFirst }) {
    const seconds = numberOf(options, "seconds", 0)
    const hits = numberOf(options, "hitcount", 0)
    const does = `Drops the ${setsFirst ? "" : "one behind the "}${ordinal(hits)} connection that a source opens within ${seconds} s.`
    const isNegated = options.some(({ negated }) => negated === true)
    if (seconds === 0 || hits === 0 || isNegated)
      return lost(
        "Drops who is on its list.",
        "A list that rules write to is no limit: decoy-ports and block-for keep one.",
      )
    if (hasOption(options, "rdest") || hasOption(options, "rttl"))
      return lost(does, "A limit counts sources alone.")
    const count = setsFirst ? hits - 1 : hits
    if (count < 1) return lost(does, "A limit of none closes the port: open does that.")
    if (!beginsSomething(asked)) return lost(does, "It counts every packet, and port-floods connections.")
    const limit = `more than ${count} in ${seconds}s`
    const untilQuiet = setsFirst || hasOption(options, "update")
    if (asked.ports.length === 0)
      return is({
        ...{ name: "connection-rate", value: { limit, action: "drop" }, does, relation: "stricter" },
        why: "Connections of every protocol are counted.",
      })
    const lift = untilQuiet ? { lift: "until-quiet" } : {}
    return is({
      name: "port-floods",
      ports: portsOf(asked),
      value: { limit, action: "drop", "block-for": `${seconds}s`, ...lift },
      does,
      relation: "stricter",
      why: `A source that was too fast is kept away from the port for ${seconds} s${untilQuiet ? " after its last attempt" : ""}; recent lets it in as soon as fewer lie within ${seconds} s.`,
    })
  },
}

/** Bits of --hashlimit-mode. */
const SRCIP = 2
const DSTPORT = 4

function rateRule(asked: Asked, value: DraftMap, isShared: boolean): Translated {
  const { protocol, icmpType } = asked
  const does = `Drops what comes above ${String(value["limit"])}${isShared ? ", of everybody together" : ", for each source"}.`
  const shared = isShared ? { harms: "everybody, when one sender has used up the limit that all share" } : {}
  if (protocol === ICMP || protocol === ICMPV6) {
    const isEcho = icmpType === (protocol === ICMP ? 8 : 128)
    return is({
      ...{ name: "icmp-floods", value, does, ...shared },
      relation: isEcho ? "same" : "looser",
      ...(!isEcho && {
        why: "Echo requests alone are limited: path-MTU discovery and IPv6 live on the others.",
      }),
    })
  }
  if (!beginsSomething(asked))
    return lost(does, "It counts every packet of every connection, and no protection does.")
  const ports = asked.ports.length === 0 ? {} : { ports: portsOf(asked) }
  if (protocol === TCP && (isSyn(asked.flags) || asked.ports.length === 0))
    return is({ ...{ name: "syn-floods", value: { ...value, ...ports }, does, relation: "same", ...shared } })
  if (asked.ports.length === 0 && protocol !== undefined)
    return lost(does, "A limit for one protocol needs ports.")
  return is({
    ...{ name: "connection-rate", value: { ...value, ...ports }, does, relation: "same", ...shared },
  })
}

/** Whether only packets that open a connection are counted. */
function beginsSomething({ states, flags }: Asked): boolean {
  return states === NEW || isSyn(flags)
}

function portsOf({ ports, protocol }: Asked): readonly string[] {
  const name = protocol === TCP ? "/tcp" : protocol === UDP ? "/udp" : ""
  return ports.map((port) => `${port}${name}`)
}

/** Who shares a limit; nothing where it is the policy's own: an address of IPv4. */
function perOf(length: number, family: 4 | 6): DraftMap {
  if (length === 0) return { per: "everyone" }
  if (family === 4) return length === 32 ? {} : { per: `/${length}` }
  return length === 64 ? {} : { per: { ipv6: `/${length}` } }
}

function ratePhrase(period: number, scale: number, burst: number): string {
  const [count = "1", unit = "sec"] = printPeriod(period, scale).split("/")
  const word = { sec: "second", min: "minute", hour: "hour", day: "day" }[unit] ?? "second"
  return `${count}/${word} burst ${burst}`
}

function ordinal(count: number): string {
  const ends = { 1: "st", 2: "nd", 3: "rd" } as Readonly<Record<number, string>>
  return `${count}${[11, 12, 13].includes(count % 100) ? "th" : (ends[count % 10] ?? "th")}`
}
