import { hasOption, numberOf, optionOf, type XtOptions } from "../../ruleset/xtables/option.js"
import { lengthOfMask } from "../../ruleset/xtables/value-address.js"
import { printPeriod } from "../../ruleset/xtables/value-rate.js"
import type { DraftMap } from "../imported.js"
import { type Asked, ICMP, ICMPV6, NEW, type RememberingMatch, TCP, UDP } from "./asked.js"
import { claim, lost, protection, type Shared, type Translated } from "./claim.js"
import { isSyn } from "./flags.js"
import type { TranslateContext } from "./translate.js"

/** The protection that a rule with a match that remembers is. */
export function limitOf(
  asked: Asked,
  { name, options }: RememberingMatch,
  context: TranslateContext,
): Translated {
  return limiters[name]!(asked, options, context)
}

type Limiter = (asked: Asked, options: XtOptions, context: TranslateContext) => Translated

const everyAddress = "Packets to every address are counted."

const limiters: Readonly<Record<string, Limiter>> = {
  tcpmss(_asked, options) {
    const option = optionOf(options, "mss")!
    const [from, to] = option.value as readonly [number, number]
    const does = "Drops SYNs whose segment size is outside of its range."
    const minimum = option.negated ? from : to + 1
    if (option.negated ? to < 65_535 : from > 1) return lost(does, "small-mss has a minimum, and no range.")
    return protection(
      does,
      claim(
        "small-mss",
        { minimum },
        {
          looser: [
            option.negated === true &&
              "Its ! matches SYNs without the option too, which name no size: they pass, for that is allowed (RFC 9293).",
          ],
          harms: option.negated ? "clients whose SYN names no segment size" : undefined,
        },
      ),
    )
  },
  connlimit(asked, options, { family }) {
    const above = optionOf(options, "connlimit-above") ?? optionOf(options, "connlimit-upto")
    const count = Number(above?.value)
    const does = `Drops a connection more than ${count} that a source has at once.`
    if (hasOption(options, "connlimit-daddr"))
      return lost(does, "connections counts sources, and not destinations.")
    if (count === 0) return lost(does, "A limit of none closes the port: open does that.")
    const per = perOf(numberOf(options, "connlimit-mask", family === 4 ? 32 : 128), family)
    const value = { limit: `${count}` }
    const stricter = [asked.destination && everyAddress]
    const ports = portsOf(asked)
    // Ports of one rule are counted together.
    if (ports.length > 1)
      return protection(does, claim("connections", { ...value, ports }, { per, stricter }))
    const [port] = ports
    return protection(
      does,
      claim("connections", value, { per, stricter, ...(port !== undefined && { port }) }),
    )
  },
  hashlimit(asked, options, context) {
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
    if ((mode & SRCPORT) !== 0 || (mode !== 0 && (mode & SRCIP) === 0))
      return lost(does, "A limit counts sources, and not destinations or ports.")
    const length = numberOf(options, "hashlimit-srcmask", context.family === 4 ? 32 : 128)
    const per: Shared | undefined = mode === 0 ? { everyone: true } : perOf(length, context.family)
    const isOnePort = asked.ports.length === 1 && !asked.ports[0]!.includes("-")
    return rateRule(asked, ratePhrase(period, 1e6, burst), per, context, [
      (mode & DSTPORT) !== 0 && !isOnePort && "A source's packets to all ports are counted together.",
      (mode & DSTIP) !== 0 && "A source's packets to all addresses are counted together.",
    ])
  },
  limit(asked, options, context) {
    const phrase = ratePhrase(numberOf(options, "limit", 0), 10_000, numberOf(options, "limit-burst", 5))
    return rateRule(asked, phrase, { everyone: true }, context)
  },
  recent(asked, options, context) {
    const { setsFirst } = context
    const seconds = numberOf(options, "seconds", 0)
    const hits = numberOf(options, "hitcount", seconds === 0 ? 0 : 1)
    const does = `Drops the ${setsFirst ? "" : "one behind the "}${ordinal(hits)} connection that a source opens within ${seconds} s.`
    if (seconds === 0 || hits === 0)
      return lost(
        "Drops who is on its list.",
        "A list that rules write to is no limit: decoy-ports and block-for keep one.",
      )
    if (hasOption(options, "rdest") || hasOption(options, "rttl"))
      return lost(does, "A limit counts sources alone.")
    const count = setsFirst ? hits - 1 : hits
    if (count < 1) return lost(does, "A limit of none closes the port: open does that.")
    if (!beginsSomething(asked, context))
      return lost(does, "It counts every packet, and port-floods connections.")
    const mask = optionOf(options, "mask")?.value as readonly number[] | undefined
    const length = mask === undefined ? (context.family === 4 ? 32 : 128) : lengthOfMask(mask)
    if (length <= 0) return lost(does, "Its mask is not that of a network.")
    const per = perOf(length, context.family)
    const limit = `more than ${count} in ${seconds}s`
    const untilQuiet = setsFirst || hasOption(options, "update")
    const ports = portsOf(asked)
    if (ports.length === 0 || asked.protocol === undefined)
      return protection(
        does,
        claim(
          "connection-rate",
          { limit, ...(ports.length > 0 && { ports }) },
          {
            ...{ per, looser: [windows, lifted(seconds)] },
            stricter: [asked.destination && everyAddress],
          },
        ),
      )
    const value: DraftMap = {
      ...{ limit, "block-for": `${seconds}s` },
      ...(untilQuiet && { lift: "until-quiet" }),
    }
    const stricter = [
      `A source that was too fast is kept away from the port for ${seconds} s${untilQuiet ? " after its last attempt" : ""}; recent lets it in as soon as fewer lie within ${seconds} s.`,
      asked.destination && everyAddress,
    ]
    const looser = [ports.length > 1 && "Each port has a count of its own."]
    return protection(
      does,
      ...ports.map((port) => claim("port-floods", value, { port, per, stricter, looser })),
    )
  },
}

const windows =
  "Connections are counted in windows that begin with a source's first one, so that up to twice as many may lie across the border of two."

function lifted(seconds: number): string {
  return `A source is let in again when its window of ${seconds} s is over.`
}

/** Bits of --hashlimit-mode. */
const DSTIP = 1
const SRCIP = 2
const DSTPORT = 4
const SRCPORT = 8

function rateRule(
  asked: Asked,
  phrase: string,
  per: Shared | undefined,
  context: TranslateContext,
  together: readonly (string | false)[] = [],
): Translated {
  const { protocol, icmpType } = asked
  const isShared = per?.everyone === true
  const does = `Drops what comes above ${phrase}${isShared ? ", of everybody together" : ", for each source"}.`
  const harms = isShared ? "everybody, when one sender has used up the limit that all share" : undefined
  const stricter = [asked.destination && everyAddress, ...together]
  const value = { limit: phrase }
  if (protocol === ICMP || protocol === ICMPV6) {
    const isEcho = icmpType === (protocol === ICMP ? 8 : 128)
    if (!isEcho && icmpType !== undefined && icmpType >= 0)
      return lost(does, "icmp-floods limits echo requests, and nothing that others live on.")
    return protection(
      does,
      claim("icmp-floods", value, {
        ...{ per, stricter, harms },
        looser: [
          !isEcho && "Echo requests alone are limited: path-MTU discovery and IPv6 live on the others.",
        ],
      }),
    )
  }
  if (!beginsSomething(asked, context))
    return lost(does, "It counts every packet of every connection, and no protection does.")
  const ports = portsOf(asked)
  const withPorts = ports.length === 0 ? value : { ...value, ports }
  const isSynRule = protocol === TCP && (isSyn(asked.flags) || asked.ports.length === 0)
  if (isSynRule) {
    const isFirst = asked.states === undefined && isSyn(asked.flags)
    return protection(
      does,
      claim("syn-floods", asked.ports.length === 0 ? value : withPorts, {
        ...{ per, stricter, harms },
        looser: [
          !isFirst &&
            !isSyn(asked.flags) &&
            "Only SYNs are counted: new-tcp-without-syn drops what begins without.",
        ],
      }),
    )
  }
  return protection(does, claim("connection-rate", withPorts, { per, stricter, harms }))
}

/** Whether only packets that open a connection are counted. */
function beginsSomething({ states, flags }: Asked, { establishedBefore }: TranslateContext): boolean {
  return states === NEW || isSyn(flags) || (states === undefined && establishedBefore)
}

/** Of one protocol without ports: all that it has. */
export function portsOf({ ports, protocol }: Asked): readonly string[] {
  const name = protocol === TCP ? "/tcp" : protocol === UDP ? "/udp" : ""
  if (ports.length === 0 && name !== "") return [`1-65535${name}`]
  return ports.map((port) => `${port.replace(/^0-/, "1-")}${name}`)
}

/** Who shares a limit; nothing where it is the policy's own: an address of IPv4. */
function perOf(length: number, family: 4 | 6): Shared | undefined {
  if (length === 0) return { everyone: true }
  return family === 4 ? { ipv4: length } : { ipv6: length }
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
