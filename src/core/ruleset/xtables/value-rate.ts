import type { Problem } from "../../base/diagnostic.js"
import { badValue } from "./problem.js"

/** XT_LIMIT_SCALE of linux/netfilter/xt_limit.h: rates are kept as the time of a packet, in ten-thousandths of a second. */
export const LIMIT_SCALE = 10_000

const units = [
  ["day", 86_400],
  ["hour", 3_600],
  ["min", 60],
  ["sec", 1],
] as const

/** Seconds of a unit by what it may be written as: any beginning of second, minute, hour or day. */
export function unitSeconds(text: string): number | undefined {
  if (text === "") return undefined
  const wanted = text.toLowerCase()
  if ("second".startsWith(wanted)) return 1
  if ("minute".startsWith(wanted)) return 60
  if ("hour".startsWith(wanted)) return 3_600
  if ("day".startsWith(wanted)) return 86_400
  return undefined
}

/**
 * `200/second` as the time of one packet, in units of 1/scale seconds, rounded down; without a unit a second is meant. What stands between the number and the slash is not
 * looked at (iptables 1.8.9).
 */
export function parsePeriod(text: string, scale: number): number | Problem {
  const parts = /^(\d+)[^/]*(?:\/(.*))?$/.exec(text)
  const seconds = parts?.[2] === undefined ? 1 : unitSeconds(parts[2])
  const count = Number(parts?.[1])
  if (!parts || seconds === undefined || count === 0)
    return badValue(`"${text}" is not a rate`, "write it as 200/second or 5/minute")
  const period = Math.floor((scale * seconds) / count)
  return count / seconds <= scale ? period : badValue(`${text} is faster than ${scale}/second`)
}

/**
 * In the largest unit in which the rate is a whole number, or nearly one, as iptables-save prints it. Where that would be read as another rate, in the first
 * unit in which it would not.
 */
export function printPeriod(period: number, scale: number): string {
  if (period === 0) return "inf"
  let best: readonly [string, number] = units[0]
  for (const unit of units.slice(1)) {
    const worth = unit[1] * scale
    if (period > worth || Math.floor(worth / period) < worth % period) break
    best = unit
  }
  const exact = [best, ...units].find(([, seconds]) => isExact(period, seconds * scale)) ?? best
  return `${Math.floor((exact[1] * scale) / period)}/${exact[0]}`
}

function isExact(period: number, worth: number): boolean {
  const count = Math.floor(worth / period)
  return count > 0 && Math.floor(worth / count) === period
}
