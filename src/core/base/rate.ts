import type { Problem } from "./diagnostic.js"
import { didYouMean } from "./nearest.js"

export type RateUnit = "second" | "minute" | "hour" | "day" | "week"

/** `count` packets a `unit`, in nft's units. */
export interface Rate {
  readonly count: number
  readonly unit: RateUnit
}

const unitNanoseconds: Record<RateUnit, number> = {
  second: 1e9,
  minute: 60e9,
  hour: 3600e9,
  day: 86400e9,
  week: 604800e9,
}

/** The short forms of iptables, FireHOL and people. */
const aliases: Record<string, RateUnit> = {
  s: "second",
  sec: "second",
  second: "second",
  m: "minute",
  min: "minute",
  minute: "minute",
  h: "hour",
  hour: "hour",
  d: "day",
  day: "day",
  w: "week",
  week: "week",
}

/** The kernel's rate is a 64-bit number; beyond a packet a nanosecond its cost is zero, and nothing is limited. */
const countMaximum = 1e9

/** Reads `200/second`, `5/min`, `10 / h`. */
export function parseRate(text: string): Rate | Problem {
  const parts = /^\s*(\d+)\s*\/\s*([a-z]+)\s*$/i.exec(text)
  if (!parts) {
    return {
      id: "not-a-rate",
      message: `"${text}" is not a rate`,
      hint: "write it as 200/second or 5/minute",
    }
  }
  const unit = aliases[parts[2]!.toLowerCase()]
  if (!unit) {
    const hint = didYouMean(parts[2]!, Object.keys(aliases)) ?? "second, minute, hour, day and week are known"
    return { id: "not-a-rate", message: `"${parts[2]}" is not a unit of time for a rate`, hint }
  }
  const count = Number(parts[1])
  if (count < 1 || count > countMaximum) {
    return { id: "not-a-rate", message: `a rate is from 1 to ${countMaximum} a ${unit}, not ${parts[1]}` }
  }
  return { count, unit }
}

export function printRate(rate: Rate): string {
  return `${rate.count}/${rate.unit}`
}

/** What one packet costs: the unit divided by the count, rounded down as the kernel does (net/netfilter/nft_limit.c). */
export function intervalNanoseconds(rate: Rate): number {
  return Math.floor(unitNanoseconds[rate.unit] / rate.count)
}

/** Packets a second, for comparing rates. */
export function perSecond(rate: Rate): number {
  return (rate.count * 1e9) / unitNanoseconds[rate.unit]
}
