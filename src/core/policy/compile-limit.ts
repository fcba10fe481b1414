import { overlaps, type Prefix } from "../base/prefix.js"
import type { Rate } from "../base/rate.js"
import {
  add,
  ctCountOver,
  inSet,
  ipOf,
  isIpv4,
  isIpv6,
  jump,
  limitOver,
  limit as limitTo,
  network,
  notInSet,
  update,
} from "../ruleset/build.js"
import type { ExpressionNode, StepNode } from "../ruleset/node.js"
import type { Origin } from "../ruleset/origin.js"
import type { Rule, SetDeclaration } from "../ruleset/ruleset.js"
import { type Family, families, fromHosts, hasFamily, notFromHosts } from "./compile-hosts.js"
import { rule } from "./compile-rule.js"
import type { Exception, Limit, Per, Protection } from "./policy.js"

/** How many sources a limit remembers, in each family. An element with a bucket takes about 200 bytes of kernel memory, once it is there. */
export const sourcesMaximum = 65536

/**
 * On arrival a smaller set is a faster one: a flood of forged sources makes each look-up a cache miss, and 16384 buckets fit where 65536 do not
 * (0.05 of an established packet).
 */
export const arrivalSourcesMaximum = 16384

/** How many sources that it does not know a limit admits in a second, at most. Two million new visitors an hour; half-open connections enough for a tenth of conntrack. */
export const newcomersDefault = 500

/** New sources that may come at once: everybody comes back together after an outage. */
const newcomersBurst = 5000

export interface Limited {
  readonly rules: readonly Rule[]
  readonly sets: readonly SetDeclaration[]
}

interface LimitTarget {
  /** Begins the names of its sets. */
  readonly name: string
  /** The chain for what is beyond the limit. */
  readonly chain: string
  /** The chain for newcomers beyond their ceiling, who may be honest: it lists nobody. */
  readonly newcomers: string
  /** How many sources to remember. */
  readonly sources?: number
  /** What a packet must be for the limit to count it; each family has its own words. Undefined: the family is not limited. */
  readonly guard: (family: Family) => readonly StepNode[] | undefined
}

/** How one limit is counted: the protection's own, or that of some of its hosts. */
export type LimitCompiler = (
  limit: Limit,
  per: Per,
  protection: Protection,
  target: LimitTarget,
  origin: Origin,
) => Limited

/** The limit that each source has, or that all share; with the exceptions of `for`, which come first. */
export function limitRules(
  protection: Protection,
  target: LimitTarget,
  compile: LimitCompiler = oneLimit,
): Limited {
  const limited: Limited[] = []
  const earlier: Prefix[] = []
  const each: readonly (Exception | undefined)[] = [...protection.exceptions, undefined]
  for (const [index, exception] of each.entries()) {
    const limit = exception ? exception.limit : protection.limit
    if (limit && limit !== "off") {
      const name = exception ? `${target.name}/for${index + 1}` : target.name
      // Only those that a later entry's hosts overlap: with thousands of entries the rules would grow with their square.
      const before = exception
        ? earlier.filter((host) => exception.hosts.some((own) => overlaps(own, host)))
        : [...earlier]
      const guard = (family: Family) => {
        const own = target.guard(family)
        return own && withHosts(own, family, exception?.hosts, before)
      }
      const origin = exception?.origin ?? protection.origin
      limited.push(compile(limit, protection.per, protection, { ...target, name, guard }, origin))
    }
    // One by one: a list of hosts may have more than a call takes arguments.
    for (const host of exception?.hosts ?? []) earlier.push(host)
  }
  return {
    rules: limited.flatMap(({ rules }) => rules),
    sets: limited.flatMap(({ sets }) => sets),
  }
}

/** Steps that leave out the hosts of `for: { host: off }`, for kinds without a limit; undefined: nobody of this family is left. */
export function exceptHosts(protection: Protection, family: Family): readonly StepNode[] {
  const hosts = protection.exceptions.flatMap((exception) => exception.hosts)
  return hasFamily(hosts, family) ? [notFromHosts(hosts, family)] : []
}

function withHosts(
  guard: readonly StepNode[],
  family: Family,
  hosts: readonly Prefix[] | undefined,
  earlier: readonly Prefix[],
): readonly StepNode[] | undefined {
  if (hosts && !hasFamily(hosts, family)) return undefined
  const not = hasFamily(earlier, family) ? [notFromHosts(earlier, family)] : []
  return [...guard, ...(hosts ? [fromHosts(hosts, family)] : []), ...not]
}

/**
 * Two rules for each family. The first is about newcomers, sources that the set does not know: they are admitted no faster than the set forgets others, so that a flood
 * of forged sources, each with a single packet, neither gets through nor fills the set, and known sources keep their bucket whatever newcomers do. Should the set
 * be full all the same (of real sources), those that it has no room for stay newcomers, and share that ceiling.
 * `!= @set` asks for membership alone; `== @set` would run the limit that the element carries, and charge it twice (Linux 6.18).
 */
function oneLimit(
  limit: Limit,
  per: Per,
  protection: Protection,
  target: LimitTarget,
  origin: Origin,
): Limited {
  if (per.kind === "everyone") return everyone(limit, target, origin)
  const meter = meterOf(limit)
  const sources = sourcesOf(protection, target.sources)
  const newcomers = newcomersOf(protection, sources, meter.timeout)
  const rules: Rule[] = []
  const sets: SetDeclaration[] = []
  for (const family of families) {
    const guard = target.guard(family)
    if (!guard) continue
    const key = network(ipOf(family, "saddr"), family, family === 4 ? per.ipv4 : per.ipv6)
    const name = `${target.name}/sources${family}`
    sets.push({
      name,
      key: [family === 4 ? "ipv4_addr" : "ipv6_addr"],
      flags: meter.timeout === undefined ? ["dynamic"] : ["dynamic", "timeout"],
      ...(meter.timeout !== undefined && { timeout: meter.timeout }),
      size: sources,
      keeps: "limiter",
      origin,
    })
    rules.push(rule(origin, ...guard, notInSet(key, name), newcomers, jump(target.newcomers)))
    if (limit.form === "count" && protection.action === "notify") {
      const told = toldSet(target.name, family, sources, origin)
      sets.push(told)
      rules.push(
        rule(origin, ...guard, inSet(key, told.name), jump(target.chain)),
        rule(
          origin,
          ...guard,
          notInSet(key, told.name),
          limitTo(countedRate, countedBurst),
          meter.write(name, key),
          update(told.name, key),
          jump(target.chain),
        ),
      )
    } else {
      rules.push(rule(origin, ...guard, meter.write(name, key), jump(target.chain)))
    }
  }
  return { rules, sets }
}

/**
 * Sources that were found beyond their count, for so long not counted anew. The kernel walks a source's connections each time it counts them, about 100 ns for each, and where nothing
 * is dropped their number has no bound: with 24,000 half-open ones of one source each further SYN would cost 2 ms (Linux 6.18: 44 µs on average for 1,000 sources with 1,000 each).
 */
function toldSet(name: string, family: Family, size: number, origin: Origin): SetDeclaration {
  return {
    name: `${name}/told${family}`,
    key: [family === 4 ? "ipv4_addr" : "ipv6_addr"],
    flags: ["dynamic", "timeout"],
    timeout: 10e9,
    size,
    keeps: "limiter",
    origin,
  }
}

/**
 * How many connections are counted in a second where nothing is dropped, of all sources together: below its count a source is walked, too, and a thousand sources with
 * 200 half-open connections each would make each SYN cost twenty times what connection tracking does (39 µs, Linux 6.18). So counting takes no more than a
 * twentieth of a processor, whatever arrives; a source with many connections is found all the same, a little later.
 */
const countedRate = { count: 2000, unit: "second" } as const
const countedBurst = 5000

function optionOf({ options }: Protection, name: "sources" | "newcomers"): number | undefined {
  const value = options[name]
  return typeof value === "number" ? value : typeof value === "string" ? Number(value) : undefined
}

/** How many sources a protection remembers. */
export function sourcesOf(protection: Protection, usual: number | undefined): number {
  return optionOf(protection, "sources") ?? usual ?? sourcesMaximum
}

/** The ceiling for newcomers: what the set forgets in the time, so that it cannot be filled; connection counts forget as half-open connections do, in a minute or two. */
export function newcomersOf(protection: Protection, sources: number, timeout: number | undefined): StepNode {
  const written = optionOf(protection, "newcomers")
  const seconds = (timeout ?? 120e9) / 1e9
  const perSecond = Math.min(written ?? newcomersDefault, sources / seconds)
  const burst = Math.max(
    5,
    Math.min(written === undefined ? newcomersBurst : written * 10, Math.floor(sources / 8)),
  )
  return perSecond >= 5
    ? limitOver({ count: Math.floor(perSecond), unit: "second" }, burst)
    : limitOver({ count: Math.max(1, Math.floor(perSecond * 60)), unit: "minute" }, burst)
}

/** One bucket, or one count, for all: who sends most gets most of it. */
function everyone(limit: Limit, target: LimitTarget, origin: Origin): Limited {
  const { statement } = meterOf(limit)
  // Where both families' words are the same one rule holds one bucket; where they differ each family has its own, as with FireHOL.
  const [four, six] = families.map((family) => target.guard(family))
  const isSame = four !== undefined && JSON.stringify(four) === JSON.stringify(six)
  const guards = isSame ? [four] : [ofFamily(four, six, isIpv4), ofFamily(six, four, isIpv6)]
  const rules = guards.flatMap((guard) =>
    guard ? [rule(origin, ...guard, statement, jump(target.chain))] : [],
  )
  return { rules, sets: [] }
}

/** Words that the other family's packets match as well are told apart by the family itself. */
function ofFamily(
  own: readonly StepNode[] | undefined,
  other: readonly StepNode[] | undefined,
  isFamily: StepNode,
): readonly StepNode[] | undefined {
  const others = new Set(other?.map((step) => JSON.stringify(step)))
  return own && other && own.every((step) => others.has(JSON.stringify(step))) ? [isFamily, ...own] : own
}

interface Meter {
  /** Nanoseconds after which an idle source is forgotten. Connection counts forget by themselves. */
  readonly timeout?: number
  readonly statement: StepNode
  write(set: string, key: ExpressionNode): StepNode
}

/** How each phrase of the language is counted. */
export function meterOf(limit: Limit): Meter {
  switch (limit.form) {
    case "rate": {
      const { rate, burst } = limit
      const statement = limitOver(rate, burst)
      return {
        timeout: forgetAfter(rate, burst),
        statement,
        write: (set, source) => update(set, source, {}, statement),
      }
    }
    case "window": {
      // A bucket of `count` that never refills, in an element that `add` does not refresh: a window that begins with its first packet.
      const statement = limitOver({ count: 1, unit: "week" }, limit.count)
      return {
        timeout: limit.duration,
        statement,
        write: (set, source) => add(set, source, {}, statement),
      }
    }
    case "count": {
      // The kernel refuses a timeout together with a count; an element goes with its last connection.
      const statement = ctCountOver(limit.count)
      return {
        statement,
        write: (set, source) => add(set, source, {}, statement),
      }
    }
    case "ramp":
      throw new Error("throttle compiles its own rules")
  }
}

const secondsIn = { second: 1, minute: 60, hour: 3600, day: 86400, week: 604800 } as const

/** When an idle source's bucket is full again there is nothing to remember; half a minute at least, so that a source stays known from one page to the next. */
function forgetAfter(rate: Rate, burst: number): number {
  const seconds = Math.ceil((burst * secondsIn[rate.unit]) / rate.count)
  return Math.min(Math.max(seconds, 30), secondsIn.week) * 1e9
}
