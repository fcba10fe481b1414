import { isProblem, type Problem } from "../base/diagnostic.js"
import { parseDuration, printDuration } from "../base/duration.js"
import { parseRate, printRate } from "../base/rate.js"
import type { Limit } from "./policy.js"

/** nft's burst and its counters are 32 bits wide. */
const numberMaximum = 0xffffffff

const rateForm = /^(\d+\/[a-z]+)(?: burst (\d+))?$/
const windowForm = /^more than (\d+) in (\S+)$/
const rampForm = /^(\d+)\.\.(\d+)\/([a-z]+)$/
const units = ["second", "minute", "hour", "day", "week"]

/**
 * Reads one of the phrases: `200/second burst 1000`, `more than 5 in 300s`, `300`, `100..1000/second`.
 * A rate without a burst has the burst of its count: who sends 60 at once and then nothing for a minute has kept to 60/minute.
 */
export function parseLimit(text: string): Limit | Problem {
  const words = text.trim().replace(/\s+/g, " ")
  const found = read(words)
  if (!isProblem(found)) return found
  const meant = suggest(words)
  return meant === undefined ? found : { ...found, hint: `write it as: ${meant}` }
}

function read(text: string): Limit | Problem {
  if (/^\d+$/.test(text)) {
    const count = whole(text, "a limit")
    return isProblem(count) ? count : { form: "count", count }
  }
  const window = windowForm.exec(text)
  if (window) {
    const count = whole(window[1]!, "a limit")
    if (isProblem(count)) return count
    const duration = parseDuration(window[2]!)
    if (isProblem(duration)) return duration
    if (duration === Number.POSITIVE_INFINITY) return notALimit(text, "a time that ends is needed behind in")
    return { form: "window", count, duration }
  }
  const ramp = rampForm.exec(text)
  if (ramp && units.includes(ramp[3]!)) {
    const from = whole(ramp[1]!, "a limit")
    const to = whole(ramp[2]!, "a limit")
    if (isProblem(from)) return from
    if (isProblem(to)) return to
    const rate = parseRate(`${ramp[2]}/${ramp[3]}`)
    if (isProblem(rate)) return rate
    if (from >= to) return notALimit(text, "a ramp goes from a lower rate to a higher: 100..1000/second")
    return { form: "ramp", from, to, unit: rate.unit }
  }
  const parts = rateForm.exec(text)
  if (!parts || !units.includes(parts[1]!.split("/")[1]!)) return notALimit(text)
  const count = whole(parts[1]!.split("/")[0]!, "a limit")
  if (isProblem(count)) return count
  const rate = parseRate(parts[1]!)
  if (isProblem(rate)) return rate
  const burst = parts[2] === undefined ? rate.count : whole(parts[2], "a burst")
  return isProblem(burst) ? burst : { form: "rate", rate, burst }
}

/** The normal form: reading it gives the same limit. */
export function printLimit(limit: Limit): string {
  if (limit.form === "count") return `${limit.count}`
  if (limit.form === "window") return `more than ${limit.count} in ${printDuration(limit.duration)}`
  if (limit.form === "ramp") return `${limit.from}..${limit.to}/${limit.unit}`
  return `${printRate(limit.rate)} burst ${limit.burst}`
}

/** How the form is written, for sentences. */
export const limitExamples: Readonly<Record<Limit["form"], string>> = {
  rate: "200/second burst 1000",
  window: "more than 5 in 300s",
  count: "300",
  ramp: "100..1000/second",
}

function whole(digits: string, what: string): number | Problem {
  if (/^0\d/.test(digits)) {
    return {
      id: "yaml-number",
      message: `${digits} begins with a zero: octal to some, decimal to others`,
      hint: `write ${digits.replace(/^0+(?=\d)/, "")}`,
    }
  }
  const number = Number(digits)
  if (number >= 1 && number <= numberMaximum) return number
  const hint = number === 0 ? "what is not to be limited is off" : undefined
  return {
    id: "not-a-limit",
    message: `${what} is from 1 to ${numberMaximum}, not ${digits}`,
    ...(hint && { hint }),
  }
}

function notALimit(
  text: string,
  hint = "the phrases are 200/second burst 1000, more than 5 in 300s, and 300",
): Problem {
  return { id: "not-a-limit", message: `"${text}" is not a limit`, hint }
}

const unitWords: Readonly<Record<string, string>> = {
  s: "second",
  m: "minute",
  h: "hour",
  d: "day",
  w: "week",
}

/** The phrase that was probably meant, if it is one. */
function suggest(text: string): string | undefined {
  const plain = text
    .toLowerCase()
    .replace(/(?<=\d)[_,'](?=\d)/g, "")
    .replace(/\b0+(?=[1-9])/g, "")
    .replace(/(\d+)k\b/g, "$1000")
    .replace(/(\d+) ?pps\b/g, "$1/second")
  const unit = (word: string | undefined) => unitWords[(word ?? "").charAt(0)] ?? "second"
  const unitPattern = "(s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|w|weeks?)"
  const attempts: readonly [RegExp, (found: RegExpExecArray) => string][] = [
    [
      new RegExp(`^(\\d+) ?(?:/|per|a|an|every) ?${unitPattern}\\b[ ,;]*(?:burst)?[ :=]*(\\d+)?$`),
      (found) => `${found[1]}/${unit(found[2])}${found[3] ? ` burst ${found[3]}` : ""}`,
    ],
    [
      /^(?:more than|over|above|>|at most|up to|max|limit)? ?(\d+)(?: \w+)? ?(?:in|within|per|\/|every|;) ?(\d+(?:ms|[smhdw])?)$/,
      (found) => `more than ${found[1]} in ${found[2]}${/\d$/.test(found[2]!) ? "s" : ""}`,
    ],
    [
      new RegExp(
        `^(?:more than|over|above|>)? ?(\\d+)(?: \\w+)? ?(?:in|within|per|/|every) (?:a|an|one|(\\d+)) ?${unitPattern}$`,
      ),
      (found) => `more than ${found[1]} in ${found[2] ?? 1}${(found[3] ?? "s").charAt(0)}`,
    ],
    [
      new RegExp(`^(\\d+) ?(?:\\.\\.+|-|to) ?(\\d+) ?(?:/|per) ?${unitPattern}$`),
      (found) => `${found[1]}..${found[2]}/${unit(found[3])}`,
    ],
    [/^(\d+)$/, (found) => found[1]!],
    // CSF's PORTFLOOD, which drops the one that reaches the number.
    [/^\d+;(?:tcp|udp);(\d+);(\d+)$/, (found) => `more than ${Number(found[1]) - 1} in ${found[2]}s`],
  ]
  for (const [pattern, write] of attempts) {
    const found = pattern.exec(plain)
    if (!found) continue
    const phrase = write(found)
    if (!isProblem(read(phrase))) return phrase
  }
  return undefined
}
