import type { Problem } from "./diagnostic.js"

/** A length of time in nanoseconds; `Infinity` is ever. */
export type Duration = number

const units: readonly (readonly [name: string, nanoseconds: number])[] = [
  ["w", 604800e9],
  ["d", 86400e9],
  ["h", 3600e9],
  ["m", 60e9],
  ["s", 1e9],
  ["ms", 1e6],
]

/** Ten years: what the kernel's timeouts and our arithmetic take without rounding to something else. */
const durationMaximum = 3650 * 86400e9

/** Reads `10m`, `6h`, `300s`, `1h30m`, `500ms`, `ever`. Units go from large to small, each once. A bare number is a problem: seconds to some, minutes to others. */
export function parseDuration(text: string): Duration | Problem {
  const word = text.trim().toLowerCase()
  if (word === "ever") return Number.POSITIVE_INFINITY
  if (/^\d+$/.test(word)) {
    return {
      id: "not-a-duration",
      message: `"${text}" has no unit`,
      hint: `write ${word}s for seconds or ${word}m for minutes`,
    }
  }
  const parts = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/.exec(word)
  if (!parts || word === "") {
    return {
      id: "not-a-duration",
      message: `"${text}" is not a duration`,
      hint: "write it as 300s, 10m, 1h30m, 7d or ever",
    }
  }
  const total = units.reduce(
    (sum, [, nanoseconds], index) => sum + Number(parts[index + 1] ?? 0) * nanoseconds,
    0,
  )
  if (total === 0 || total > durationMaximum) {
    return { id: "not-a-duration", message: `a duration is from 1ms to 3650d, or ever, not ${text}` }
  }
  return total
}

/** `1h30m`: units from days to milliseconds, as nft prints its timeouts; what is below a millisecond is rounded. */
export function printDuration(duration: Duration): string {
  if (duration === Number.POSITIVE_INFINITY) return "ever"
  let rest = Math.round(duration / 1e6) * 1e6
  let text = ""
  for (const [name, nanoseconds] of units.slice(1)) {
    const count = Math.floor(rest / nanoseconds)
    if (count > 0) text += `${count}${name}`
    rest -= count * nanoseconds
  }
  return text === "" ? "0s" : text
}

export function seconds(count: number): Duration {
  return count * 1e9
}
