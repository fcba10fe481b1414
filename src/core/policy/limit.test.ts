import fc from "fast-check"
import { expect, test } from "vitest"
import { isProblem } from "../base/diagnostic.js"
import { parseLimit, printLimit } from "./limit.js"

/** How it is understood, or what is said of it. */
function read(text: string): string {
  const limit = parseLimit(text)
  if (!isProblem(limit)) return printLimit(limit)
  return `${limit.message} [${limit.id}]${limit.hint ? `; ${limit.hint}` : ""}`
}

function table(...texts: string[]): string {
  return texts.map((text) => `${text.padEnd(32)} ${read(text)}`).join("\n")
}

test("the phrases", () => {
  expect(
    table(
      "200/second burst 1000",
      "60/minute",
      "1/week burst 5",
      "more than 5 in 300s",
      "more  than 5 in 1h30m",
      "300",
      "100..1000/second",
    ),
  ).toMatchInlineSnapshot(`
    "200/second burst 1000            200/second burst 1000
    60/minute                        60/minute burst 60
    1/week burst 5                   1/week burst 5
    more than 5 in 300s              more than 5 in 5m
    more  than 5 in 1h30m            more than 5 in 1h30m
    300                              300
    100..1000/second                 100..1000/second"
  `)
})

test("what people write instead, and what they probably meant", () => {
  expect(
    table(
      "200 per second",
      "100/s",
      "100/sec 50",
      "200/second, burst 1000",
      "200/second burst=1000",
      "200pps",
      "60 per min",
      "5 a minute",
      "5 in 300s",
      "> 5 in 300s",
      "over 5 within 10m",
      "5/300s",
      "more than 5 in 300",
      "more than 5 connections in 60s",
      "more than 5 in 60 seconds",
      "5 per 2 minutes",
      "at most 5 in 1m",
      "22;tcp;5;300",
      "100-1000/second",
      "100..1000/s",
      "1_000",
      "1,000/second",
      "1k",
      "0300",
    ),
  ).toMatchInlineSnapshot(`
    "200 per second                   "200 per second" is not a limit [not-a-limit]; write it as: 200/second
    100/s                            "100/s" is not a limit [not-a-limit]; write it as: 100/second
    100/sec 50                       "100/sec 50" is not a limit [not-a-limit]; write it as: 100/second burst 50
    200/second, burst 1000           "200/second, burst 1000" is not a limit [not-a-limit]; write it as: 200/second burst 1000
    200/second burst=1000            "200/second burst=1000" is not a limit [not-a-limit]; write it as: 200/second burst 1000
    200pps                           "200pps" is not a limit [not-a-limit]; write it as: 200/second
    60 per min                       "60 per min" is not a limit [not-a-limit]; write it as: 60/minute
    5 a minute                       "5 a minute" is not a limit [not-a-limit]; write it as: 5/minute
    5 in 300s                        "5 in 300s" is not a limit [not-a-limit]; write it as: more than 5 in 300s
    > 5 in 300s                      "> 5 in 300s" is not a limit [not-a-limit]; write it as: more than 5 in 300s
    over 5 within 10m                "over 5 within 10m" is not a limit [not-a-limit]; write it as: more than 5 in 10m
    5/300s                           "5/300s" is not a limit [not-a-limit]; write it as: more than 5 in 300s
    more than 5 in 300               "300" has no unit [not-a-duration]; write it as: more than 5 in 300s
    more than 5 connections in 60s   "more than 5 connections in 60s" is not a limit [not-a-limit]; write it as: more than 5 in 60s
    more than 5 in 60 seconds        "more than 5 in 60 seconds" is not a limit [not-a-limit]; write it as: more than 5 in 60s
    5 per 2 minutes                  "5 per 2 minutes" is not a limit [not-a-limit]; write it as: more than 5 in 2m
    at most 5 in 1m                  "at most 5 in 1m" is not a limit [not-a-limit]; write it as: more than 5 in 1m
    22;tcp;5;300                     "22;tcp;5;300" is not a limit [not-a-limit]; write it as: more than 4 in 300s
    100-1000/second                  "100-1000/second" is not a limit [not-a-limit]; write it as: 100..1000/second
    100..1000/s                      "100..1000/s" is not a limit [not-a-limit]; write it as: 100..1000/second
    1_000                            "1_000" is not a limit [not-a-limit]; write it as: 1000
    1,000/second                     "1,000/second" is not a limit [not-a-limit]; write it as: 1000/second
    1k                               "1k" is not a limit [not-a-limit]; write it as: 1000
    0300                             0300 begins with a zero: octal to some, decimal to others [yaml-number]; write it as: 300"
  `)
})

test("what is no limit", () => {
  expect(
    table(
      "",
      "fast",
      "-5",
      "3.5",
      "0",
      "0/second",
      "5/second burst 0",
      "5/fortnight",
      "99999999999",
      "9999999999/second",
      "more than 0 in 60s",
      "more than 5 in ever",
      "more than 5 in 0s",
      "1000..100/second",
      "constructor",
    ),
  ).toMatchInlineSnapshot(`
    "                                 "" is not a limit [not-a-limit]; the phrases are 200/second burst 1000, more than 5 in 300s, and 300
    fast                             "fast" is not a limit [not-a-limit]; the phrases are 200/second burst 1000, more than 5 in 300s, and 300
    -5                               "-5" is not a limit [not-a-limit]; the phrases are 200/second burst 1000, more than 5 in 300s, and 300
    3.5                              "3.5" is not a limit [not-a-limit]; the phrases are 200/second burst 1000, more than 5 in 300s, and 300
    0                                a limit is from 1 to 4294967295, not 0 [not-a-limit]; what is not to be limited is off
    0/second                         a limit is from 1 to 4294967295, not 0 [not-a-limit]; what is not to be limited is off
    5/second burst 0                 a burst is from 1 to 4294967295, not 0 [not-a-limit]; what is not to be limited is off
    5/fortnight                      "5/fortnight" is not a limit [not-a-limit]; the phrases are 200/second burst 1000, more than 5 in 300s, and 300
    99999999999                      a limit is from 1 to 4294967295, not 99999999999 [not-a-limit]
    9999999999/second                a limit is from 1 to 4294967295, not 9999999999 [not-a-limit]
    more than 0 in 60s               a limit is from 1 to 4294967295, not 0 [not-a-limit]; what is not to be limited is off
    more than 5 in ever              "more than 5 in ever" is not a limit [not-a-limit]; a time that ends is needed behind in
    more than 5 in 0s                a duration is from 1ms to 3650d, or ever, not 0s [not-a-duration]
    1000..100/second                 "1000..100/second" is not a limit [not-a-limit]; a ramp goes from a lower rate to a higher: 100..1000/second
    constructor                      "constructor" is not a limit [not-a-limit]; the phrases are 200/second burst 1000, more than 5 in 300s, and 300"
  `)
})

test("printing is a normal form", () => {
  const unit = fc.constantFrom("second", "minute", "hour", "day", "week")
  const count = fc.integer({ min: 1, max: 1_000_000 })
  const text = fc.oneof(
    fc.tuple(count, unit, count).map(([rate, per, burst]) => `${rate}/${per} burst ${burst}`),
    fc.tuple(count, count).map(([times, seconds]) => `more than ${times} in ${seconds}s`),
    count.map(String),
    fc.tuple(count, count, unit).map(([from, more, per]) => `${from}..${from + more}/${per}`),
  )
  fc.assert(
    fc.property(text, (written) => {
      const limit = parseLimit(written)
      expect(isProblem(limit)).toBe(false)
      if (!isProblem(limit)) expect(parseLimit(printLimit(limit))).toEqual(limit)
    }),
  )
})
