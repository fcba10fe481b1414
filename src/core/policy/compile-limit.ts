import { shortHash } from "../base/hash.js"
import type { Prefix } from "../base/prefix.js"
import type { Rate } from "../base/rate.js"
import { add, and, ctCountOver, ipOf, jump, limitOver, network, notInSet, update } from "../ruleset/build.js"
import type { ExpressionNode, StepNode } from "../ruleset/node.js"
import type { Origin } from "../ruleset/origin.js"
import type { Rule, SetDeclaration } from "../ruleset/ruleset.js"
import { type Family, families, fromHosts, hasFamily, notFromHosts } from "./compile-hosts.js"
import { rule } from "./compile-rule.js"
import type { Exception, Limit, Per, Protection } from "./policy.js"

/**
 * How many sources a limit remembers, in each family. An element with a bucket takes about 200 bytes of kernel memory, so a full set 13 MB; the table of
 * an empty one takes 1 MB.
 */
export const sourcesMaximum = 65536

/**
 * Newcomers, sources that a set does not know, share a ceiling while they get into it and when it is full, so that a flood of forged sources is limited
 * though each sends a single packet, and known sources keep their bucket. The ceiling is in 1024 shares, by bits of the address: one attacker whom the full set
 * has no room for spends a share, not everybody's. Their set cannot be full: there are as many elements as shares.
 * (`!= @set` does not run the limit that an element carries, so that it asks for membership alone; Linux 6.18.)
 */
const shares = 1024

/** New sources a second, all together. A site with more than 60,000 new visitors a minute says `newcomers`. */
export const newcomersDefault = 1000

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
  /** What a packet must be for the limit to count it; each family has its own words. Undefined: the family is not limited. */
  readonly guard: (family: Family) => readonly StepNode[] | undefined
}

/** The limit that each source has, or that all share; with the exceptions of `for`, which come first. */
export function limitRules(protection: Protection, target: LimitTarget): Limited {
  const limited: Limited[] = []
  const earlier: Prefix[] = []
  const each: readonly (Exception | undefined)[] = [...protection.exceptions, undefined]
  for (const [index, exception] of each.entries()) {
    const limit = exception ? exception.limit : protection.limit
    if (limit && limit !== "off") {
      const name = exception ? `${target.name}-for${index + 1}-` : `${target.name}-`
      const guard = (family: Family) => {
        const own = target.guard(family)
        return own && withHosts(own, family, exception?.hosts, earlier)
      }
      const origin = exception?.origin ?? protection.origin
      limited.push(
        oneLimit(limit, protection.per, newcomersOf(protection), { ...target, name, guard }, origin),
      )
    }
    if (exception) earlier.push(...exception.hosts)
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

function newcomersOf(protection: Protection): number {
  const { newcomers } = protection.options
  return typeof newcomers === "number" ? newcomers : newcomersDefault
}

function oneLimit(limit: Limit, per: Per, newcomers: number, target: LimitTarget, origin: Origin): Limited {
  if (per.kind === "everyone") return everyone(limit, target, origin)
  const rules: Rule[] = []
  const sets: SetDeclaration[] = []
  for (const family of families) {
    const guard = target.guard(family)
    if (!guard) continue
    const length = family === 4 ? per.ipv4 : per.ipv6
    const form = meterOf(limit, `${family}/${length}`)
    const key = network(ipOf(family, "saddr"), family, length)
    const type = family === 4 ? "ipv4_addr" : "ipv6_addr"
    const meter = `${target.name}${form.hash}-${family}`
    const share = `${target.name}share-${shortHash(`${newcomers} ${length}`)}-${family}`
    const ceiling = limitOver(...shareLimit(newcomers))
    sets.push(
      {
        name: meter,
        key: [type],
        flags: form.timeout === undefined ? ["dynamic"] : ["dynamic", "timeout"],
        ...(form.timeout !== undefined && { timeout: form.timeout }),
        size: sourcesMaximum,
        keeps: "limiter",
        origin,
      },
      { name: share, key: [type], flags: ["dynamic"], size: shares, keeps: "limiter", origin },
    )
    rules.push(
      rule(
        origin,
        ...guard,
        notInSet(key, meter),
        update(share, shareKey(family, length), {}, ceiling),
        jump(target.newcomers),
      ),
      rule(origin, ...guard, form.write(meter, key), jump(target.chain)),
    )
  }
  return { rules, sets }
}

/** One bucket, or one count, for all: who sends most gets most of it. */
function everyone(limit: Limit, target: LimitTarget, origin: Origin): Limited {
  const { statement } = meterOf(limit, "")
  // Where both families' words are the same one rule holds one bucket; where they differ each family has its own, as with FireHOL.
  const rules = families.flatMap((family) => {
    const guard = target.guard(family)
    return guard ? [rule(origin, ...guard, statement, jump(target.chain))] : []
  })
  const texts = new Set(rules.map(({ steps }) => JSON.stringify(steps)))
  return { rules: texts.size === 1 ? rules.slice(0, 1) : rules, sets: [] }
}

interface Meter {
  readonly hash: string
  /** Nanoseconds after which an idle source is forgotten. Connection counts forget by themselves. */
  readonly timeout?: number
  readonly statement: StepNode
  write(set: string, key: ExpressionNode): StepNode
}

/** How each phrase of the language is counted. The hash is of all that an element remembers: a changed limit starts with new elements. */
function meterOf(limit: Limit, key: string): Meter {
  switch (limit.form) {
    case "rate": {
      const { rate, burst } = limit
      const statement = limitOver(rate, burst)
      return {
        hash: shortHash(`rate ${key} ${rate.count}/${rate.unit} ${burst}`),
        timeout: forgetAfter(rate, burst),
        statement,
        write: (set, source) => update(set, source, {}, statement),
      }
    }
    case "window": {
      // A bucket of `count` that never refills, in an element that `add` does not refresh: a window that begins with its first packet.
      const statement = limitOver({ count: 1, unit: "week" }, limit.count)
      return {
        hash: shortHash(`window ${key} ${limit.count} ${limit.duration}`),
        timeout: limit.duration,
        statement,
        write: (set, source) => add(set, source, {}, statement),
      }
    }
    case "count": {
      // The kernel refuses a timeout together with a count; an element goes with its last connection.
      const statement = ctCountOver(limit.count)
      return {
        hash: shortHash(`count ${key} ${limit.count}`),
        statement,
        write: (set, source) => add(set, source, {}, statement),
      }
    }
    case "ramp":
      throw new Error("throttle compiles its own rules")
  }
}

const secondsIn = { second: 1, minute: 60, hour: 3600, day: 86400, week: 604800 } as const

/** When an idle source's bucket is full again there is nothing to remember; a minute at least, so that a source stays known between its connections. */
function forgetAfter(rate: Rate, burst: number): number {
  const seconds = Math.ceil((burst * secondsIn[rate.unit]) / rate.count)
  return Math.min(Math.max(seconds, 60), secondsIn.week) * 1e9
}

/** A share's rate in packets a minute: an odd fraction of a second's would be rounded away. */
function shareLimit(newcomers: number): [Rate, number] {
  const perMinute = Math.max(1, Math.round((newcomers * 60) / shares))
  return [{ count: perMinute, unit: "minute" }, Math.max(5, Math.round((newcomers * 20) / shares))]
}

/**
 * Ten bits that differ between neighbours: of IPv4 the last ones of the key; of IPv6 those before a /48, which is the most that one customer is commonly given
 * (RFC 6177), so that an attacker's many /64 have one share.
 */
function shareKey(family: Family, length: number): ExpressionNode {
  const end = family === 4 ? length : Math.min(length, 48)
  const words = Array.from({ length: family === 4 ? 1 : 4 }, (_, index) => {
    let word = 0
    for (let bit = 0; bit < 32; bit++) {
      const at = index * 32 + bit
      if (at < end && at >= end - 10) word |= 1 << (31 - bit)
    }
    return word >>> 0
  })
  return and(ipOf(family, "saddr"), words)
}
