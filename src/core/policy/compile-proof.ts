import { ACK, FIN, PSH, RST, SYN, URG } from "../packet/packet.js"
import {
  add,
  and,
  concat,
  ct,
  ctStateIn,
  equal,
  inSet,
  ipOf,
  jump,
  maskedIs,
  network,
  remove,
  tcp,
  update,
} from "../ruleset/build.js"
import type { StepNode } from "../ruleset/node.js"
import type { Origin } from "../ruleset/origin.js"
import type { Chain, Rule, SetDeclaration } from "../ruleset/ruleset.js"
import { type Family, families } from "./compile-hosts.js"
import { type LimitCompiler, limitRules, meterOf, sourcesMaximum, sourcesOf } from "./compile-limit.js"
import { rule } from "./compile-rule.js"
import type { HostFacts, Limit, Protection } from "./policy.js"
import type { CompileContext, Compiled } from "./protection.js"

/*
 * A SYN can be sent in anybody's name, and so can as many as a limit lets pass. Two things cannot: the acknowledgement that completes a handshake (but for one guess in 65,000), and
 * the answer to a call of ours. So each first SYN that is let in is noted for some seconds, and the acknowledgement that comes for it says who the source is:
 *
 *     ZONE/state-new, at its end     SYN                      ─▶ ZONE/opening: source and port
 *     connections                    acknowledgement alone    ─▶ ZONE/acknowledged
 *     ZONE/acknowledged              answer to a call of ours ─▶ known
 *                                    noted                    ─▶ known, counted by each limit that blocks
 *
 * Packets with data pay for one comparison of flags, and look nothing up.
 */

/** Whether rules there can tell who completed a handshake: iptables has no set for it. */
export function canProve({ direction, host }: Pick<CompileContext, "direction" | "host">): boolean {
  return direction === "in" && provesHere(host)
}

/** The same, of either direction. */
export function provesHere({ routesByInterface }: HostFacts): boolean {
  return routesByInterface !== false
}

/** As long as conntrack calls somebody proven (core/detect). */
const knownFor = 86_400e9

/** From SYN to acknowledgement: three times the SYN-ACK may get lost. */
const openingFor = 10e9

/** Sources that have completed a handshake within a day, or were called by this host or one behind it. */
const known = families.map(
  (family): SetDeclaration => ({
    name: `known${family}`,
    key: [family === 4 ? "ipv4_addr" : "ipv6_addr"],
    flags: ["timeout", "dynamic"],
    timeout: knownFor,
    size: sourcesMaximum,
    keeps: "limiter",
  }),
)

/** The source as sets of blocked ones know it: of IPv6 its /64. */
export function sourceKey(family: Family) {
  return network(ipOf(family, "saddr"), family, family === 4 ? 32 : 64)
}

const connectionKey = (family: Family) => concat(ipOf(family, "saddr"), tcp("sport"))

const flags = tcp("flags")

/** For a zone in which something blocks: what notes SYNs, and what recognises their acknowledgements. */
export function acquaintance(zone: string, origin: Origin): Compiled {
  const own: Origin = { ...origin, zone, text: "who completes a handshake" }
  const opening = (family: Family) => `${zone}/opening${family}`
  const openings = families.map(
    (family): SetDeclaration => ({
      name: opening(family),
      key: [family === 4 ? "ipv4_addr" : "ipv6_addr", "inet_service"],
      flags: ["dynamic", "timeout"],
      timeout: openingFor,
      size: 32768,
      keeps: "limiter",
      origin: own,
    }),
  )
  const noted = families.map((family) =>
    rule(own, maskedIs(flags, FIN | SYN | RST | ACK, SYN), add(opening(family), connectionKey(family))),
  )
  const answers = families.map((family) =>
    rule(own, ...isAnswer, update(`known${family}`, sourceKey(family))),
  )
  const completed = families.map((family) =>
    rule(
      own,
      ctStateIn("established"),
      equal(ct("direction"), ORIGINAL),
      inSet(connectionKey(family), opening(family)),
      remove(opening(family), connectionKey(family)),
      jump(`${zone}/handshake`),
    ),
  )
  return {
    placed: [
      { place: "let-in", order: 0, rules: noted },
      { place: "acknowledged", order: 0, rules: [...answers, ...completed] },
      {
        place: "handshake",
        order: 0,
        rules: families.map((family) => rule(own, update(`known${family}`, sourceKey(family)))),
      },
    ],
    sets: [...known, ...openings],
    chains: [],
  }
}

const ORIGINAL = 0
const REPLY = 1

const isAnswer: readonly StepNode[] = [
  maskedIs(flags, SYN | ACK, SYN | ACK),
  ctStateIn("established"),
  equal(ct("direction"), REPLY),
]

/** An acknowledgement without data, or with SYN: every handshake has one of them, and no packet with data that is pushed is one. */
export const isAcknowledgement: StepNode = equal(and(flags, FIN | RST | PSH | ACK | URG), ACK)

export interface Proof {
  /** The set of sources whose connections were their own. */
  readonly own: (family: Family) => string
  readonly placed: Compiled["placed"]
  readonly sets: readonly SetDeclaration[]
  readonly chains: readonly Chain[]
}

/**
 * Counts a source's handshakes as the protection counts its SYNs. Whoever has completed as many as the limit lets in was not forged: the next SYN beyond it is taken for his own, and blocks him from
 * everything. Where the handshakes come after the SYN that was too much, the last of them does: `late` are the rules that list him then.
 */
export function proofOf(
  protection: Protection,
  context: CompileContext,
  guard: (family: Family) => readonly StepNode[] | undefined,
  late: (own: readonly StepNode[], family: Family) => readonly Rule[],
): Proof | undefined {
  if (protection.action !== "block" || protection.per.kind === "everyone" || !canProve(context))
    return undefined
  const { origin } = protection
  const own = (family: Family) => `${context.name}/own${family}`
  const chain = `${context.name}/own`
  const lasts = Math.max(...limitsOf(protection).map(lastingOf))
  const target = { name: `${context.name}/handshakes`, chain, newcomers: chain, guard }
  const { rules, sets } = limitRules(protection, target, handshakes)
  return {
    own,
    placed: [{ place: "handshake", order: 100, rules }],
    sets: [
      ...sets,
      ...families.map(
        (family): SetDeclaration => ({
          name: own(family),
          key: [family === 4 ? "ipv4_addr" : "ipv6_addr"],
          flags: ["dynamic", "timeout"],
          timeout: lasts,
          size: sourcesOf(protection, undefined),
          keeps: "limiter",
          origin,
        }),
      ),
    ],
    chains: [
      {
        name: chain,
        rules: families.flatMap((family) => [
          rule(origin, update(own(family), sourceKey(family))),
          ...late([inSet(sourceKey(family), `blocked-new${family}`)], family),
        ]),
      },
    ],
  }
}

function limitsOf({ limit, exceptions }: Protection): readonly Limit[] {
  return [limit, ...exceptions.map((exception) => exception.limit)].flatMap((each) =>
    each === undefined || each === "off" ? [] : [each],
  )
}

/** What a count of open connections is proved by: handshakes within a minute, for a set counts connections at their SYN alone (Linux 6.18). */
const openWithin = 60e9

function lastingOf(limit: Limit): number {
  return limit.form === "window" ? limit.duration : openWithin
}

/** One less than the limit, and over: matches the handshake that completes as many as it lets in. */
function allOf(limit: Limit): Limit | undefined {
  switch (limit.form) {
    case "window":
      return limit.count > 1 ? { ...limit, count: limit.count - 1 } : undefined
    case "count":
      return limit.count > 1 ? { form: "window", count: limit.count - 1, duration: openWithin } : undefined
    case "rate": {
      // Tokens come back while a handshake is on its way: an eighth of the burst is left for them.
      const burst = limit.burst - Math.max(1, limit.burst >> 3)
      return burst > 0 ? { ...limit, burst } : undefined
    }
    case "ramp":
      return undefined
  }
}

const handshakes: LimitCompiler = (limit, per, protection, { name, chain, guard }, origin) => {
  const rules: Rule[] = []
  const sets: SetDeclaration[] = []
  if (per.kind === "everyone") return { rules, sets }
  const counted = allOf(limit)
  const meter = counted && meterOf(counted)
  for (const family of families) {
    const steps = guard(family)
    if (!steps) continue
    if (!meter) {
      rules.push(rule(origin, ...steps, jump(chain)))
      continue
    }
    const key = network(ipOf(family, "saddr"), family, family === 4 ? per.ipv4 : per.ipv6)
    const set = `${name}${family}`
    sets.push({
      name: set,
      key: [family === 4 ? "ipv4_addr" : "ipv6_addr"],
      flags: ["dynamic", "timeout"],
      ...(meter.timeout !== undefined && { timeout: meter.timeout }),
      size: sourcesOf(protection, undefined),
      keeps: "limiter",
      origin,
    })
    rules.push(rule(origin, ...steps, meter.write(set, key), jump(chain)))
  }
  return { rules, sets }
}
