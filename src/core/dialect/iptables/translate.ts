import { type Asked, INVALID, NEW } from "./asked.js"
import { claim, lost, nothing, ordinary, protection, type Translated } from "./claim.js"
import { areWithoutSyn, badCombinations, isSyn, matchedFlags, SYN_MASK, SYN_VALUE } from "./flags.js"
import { limitOf } from "./limits.js"
import { networksBetween } from "./networks.js"

export interface TranslateContext {
  readonly family: 4 | 6
  readonly hasConntrack: boolean
  /** What belongs to a connection does not come to the rule: it was let past before. */
  readonly establishedBefore: boolean
  /** Of `recent`: the list is written to before it is asked. */
  readonly setsFirst: boolean
  /** Members of an ipset that is made with the rules; why there are none. */
  readonly members: (set: string) => readonly string[] | string
}

/** What a rule is that drops what it matches; or one that lets a limited part past, where the rest is dropped behind it. */
export function translate(asked: Asked, context: TranslateContext): Translated {
  const { match, others, states, flags, protocol, ownSource } = asked
  const does = "Drops what it matches."
  if (others.some(isProtective)) return lost(does, `No protection asks for ${others.join(" and ")}.`)
  const isPlain = match === undefined && flags === undefined && states !== INVALID && !asked.fragment
  if (isPlain && !ownSource) return sources(asked, context)
  if (others.length > 0) return lost(does, `No protection asks for ${others.join(" and ")}.`)
  if (asked.source !== undefined || asked.sourceSet !== undefined)
    return lost(does, "A protection is for every source, and not for those of one network alone.")
  if (match) return limitOf(asked, match, context)
  if (ownSource)
    return protection(
      "Drops packets from this host's own addresses.",
      claim("spoofed-source", {}, { stricter: narrower(asked) }),
    )
  if (asked.fragment) return fragments(asked, context)
  if (states === INVALID && flags === undefined)
    return protection(
      "Drops what belongs to no connection and cannot begin one.",
      claim("invalid", {}, { stricter: [protocol !== undefined && everyProtocol, ...narrower(asked)] }),
    )
  return flags === undefined ? ordinary : flagRule(asked)
}

/** Matches that somebody who only opens and closes ports has no use for. */
function isProtective(other: string): boolean {
  return /^-m (?:string|u32|bpf|length|ttl|hl|rpfilter|osf|psd|geoip|ecn|quota|statistic|connbytes|frag|rt|ipv6header)$/.test(
    other,
  )
}

const everyProtocol = "Packets of every protocol are met."

/** What a rule asks beside the protection itself. */
function narrower({ ports, destination, states }: Asked, statesOfIt?: number): (string | false)[] {
  return [
    ports.length > 0 && "Packets to every port are met.",
    destination && "Packets to every address are met.",
    states !== undefined &&
      states !== INVALID &&
      states !== statesOfIt &&
      "Connections that are under way are met, too.",
  ]
}

/** Its own networks and loopback, which no sender outside has, and sources that are simply unwanted. */
function sources(asked: Asked, context: TranslateContext): Translated {
  const { source, sourceSet, ports, protocol, states, others, icmpType, destination, input } = asked
  const isAlone = ports.length === 0 && protocol === undefined && icmpType === undefined && !destination
  const isNewOnly = states === NEW || (states === undefined && context.establishedBefore)
  if ((states !== undefined && states !== NEW) || !isAlone) return ordinary
  if (source !== undefined && /^127\.|^::1$/.test(source) && others.every(isNotFrom))
    return protection(
      "Drops packets from loopback's addresses that come over a wire.",
      claim("spoofed-source", {}, { stricter: ["This host's own addresses are dropped with them."] }),
    )
  if (others.length > 0) return ordinary
  const stricter = [isNewOnly && "Answers of theirs to what this host asks are dropped with the rest."]
  if (sourceSet !== undefined) {
    const does = `Drops all from the ipset ${sourceSet}.`
    const members = context.members(sourceSet)
    if (typeof members === "string") return lost(does, members)
    return protection(does, claim("blocklist", {}, { list: members, stricter }))
  }
  if (source === undefined) return ordinary
  const does = `Drops all from ${source}${input === undefined ? "" : ` that arrives on ${input}`}.`
  return protection(does, claim("blocklist", {}, { list: prefixesOf(source), stricter }))
}

function isNotFrom(other: string): boolean {
  return other.startsWith("! -i")
}

function fragments(asked: Asked, { hasConntrack }: TranslateContext): Translated {
  if (hasConntrack) return nothing("Can never match: connection tracking has put fragments together before.")
  return protection(
    "Drops all fragments but the first, so that none is put together.",
    claim(
      "fragments",
      {},
      {
        stricter: [asked.protocol !== undefined && everyProtocol, ...narrower(asked)],
        harms: "DNSSEC, IKE and NFS send fragments",
      },
    ),
  )
}

const NULL = 0
const XMAS = 63

function flagRule(asked: Asked): Translated {
  const flags = asked.flags!
  const stricter = narrower(asked, NEW)
  if (asked.states === NEW && areWithoutSyn(flags)) {
    const isAll = flags.negated && flags.mask === SYN_MASK && flags.value === SYN_VALUE
    return protection(
      "Drops TCP connections that begin in the middle.",
      claim(
        "new-tcp-without-syn",
        {},
        { stricter: [!isAll && "All that begin without a SYN are dropped, these among them.", ...stricter] },
      ),
    )
  }
  // A SYN is what everybody sends first, and without connection tracking nothing tells who may send no SYN.
  if (isSyn(flags) || (flags.negated && flags.mask === SYN_MASK)) return ordinary
  const does = "Drops TCP packets with these flags."
  const matched = matchedFlags(flags)
  const rest = matched.filter((combination) => combination !== NULL)
  const isXmas = rest.length === 1 && rest[0] === XMAS
  if (!isXmas && !rest.every((combination) => badCombinations.includes(combination)))
    return lost(does, "There are combinations among these that an honest sender has.")
  return protection(
    does,
    ...(matched.includes(NULL) ? [claim("malformed-null", {}, { stricter })] : []),
    ...(isXmas ? [claim("malformed-xmas", {}, { stricter })] : []),
    ...(rest.length > 0 && !isXmas ? [claim("malformed-bad", {}, { stricter, flags: rest })] : []),
  )
}

/** A range of addresses as the networks that it is made of. */
function prefixesOf(source: string): readonly string[] {
  const [from = "", to] = source.split("-")
  if (to === undefined) return [source]
  return networksBetween(from, to)
}
