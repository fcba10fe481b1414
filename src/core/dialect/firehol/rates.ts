import type { Amount } from "./setting.js"

const units = [
  ["second", 1],
  ["minute", 60],
  ["hour", 3600],
  ["day", 86400],
] as const

/** iptables counts in ten-thousandths of a second, and refuses what is faster; its burst has the same bound (libxt_limit.c). */
const fastest = 10_000
const burstMaximum = 10_000

/** The rate and burst of FireHOL where it is not told (its defaults for `protection`). */
export const defaultRate = "100/s"
export const defaultBurst = "50"
/** What `-m limit` and `-m hashlimit` take where nothing else is said. */
export const iptablesBurst = 5

export interface Rate {
  readonly count: number
  readonly unit: (typeof units)[number][0]
  readonly perSecond: number
}

/** `10/sec`, `60/m`, `5`: what iptables takes, any beginning of the unit's name; undefined: it refuses it. */
export function readRate(text: string): Rate | undefined {
  const parts = /^(\d{1,9})(?:\/([a-z]+))?$/i.exec(text)
  if (!parts) return undefined
  const written = (parts[2] ?? "second").toLowerCase()
  const unit = units.find(([name]) => name.startsWith(written))
  const count = Number(parts[1])
  if (!unit || count === 0 || count / unit[1] > fastest) return undefined
  return { count, unit: unit[0], perSecond: count / unit[1] }
}

export function readBurst(text: string): number | undefined {
  const burst = /^\d{1,5}$/.test(text) ? Number(text) : 0
  return burst >= 1 && burst <= burstMaximum ? burst : undefined
}

export function rateAmount(rate: Rate, burst: number): Amount {
  return { text: `${rate.count}/${rate.unit} burst ${burst}`, rate: rate.perSecond, burst }
}

export function countAmount(count: number): Amount {
  return { text: `${count}`, rate: count, burst: count }
}

/** Each connection costs two of what the rate allows: two lines share one table, and both charge it. */
export function halved(rate: Rate, burst: number): Amount {
  const half = Math.max(1, Math.floor(burst / 2))
  if (rate.count % 2 === 0)
    return rateAmount({ ...rate, count: rate.count / 2, perSecond: rate.perSecond / 2 }, half)
  const at = units.findIndex(([name]) => name === rate.unit)
  const next = units[at + 1]
  if (!next) return rateAmount({ ...rate, count: Math.max(1, Math.floor(rate.count / 2)) }, half)
  const count = (rate.count * (next[1] / units[at]![1])) / 2
  return rateAmount({ count, unit: next[0], perSecond: rate.perSecond / 2 }, half)
}
