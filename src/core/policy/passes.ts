import { perSecond } from "../base/rate.js"
import type { Limit, Policy, Protection } from "./policy.js"

/**
 * How many packets a second the zone's rules of a protection let pass of each source before they count one; 0 where they have no limit, or all share one. Where some hosts have their own, or ports
 * have, it is the least of them: as much has passed for certain.
 */
export function passesOf({ zones }: Policy, zone: string, protection: string): number {
  const limits = zones
    .filter(({ name }) => name === zone)
    .flatMap(({ incoming, outgoing }) => [...incoming, ...outgoing])
    .filter(({ name }) => name === protection)
    .flatMap(rates)
  return limits.length === 0 ? 0 : Math.min(...limits)
}

function rates({ limit, per, exceptions }: Protection): readonly number[] {
  if (per.kind === "everyone") return [0]
  const all = [limit, ...exceptions.map((exception) => exception.limit)]
  return all.flatMap((one) => (one === undefined || one === "off" ? [] : [rateOf(one)]))
}

function rateOf(limit: Limit): number {
  if (limit.form === "rate") return perSecond(limit.rate)
  return limit.form === "window" ? limit.count / (limit.duration / 1e9) : 0
}
