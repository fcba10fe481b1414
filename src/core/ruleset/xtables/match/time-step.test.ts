import { expect, test } from "vitest"
import { matchStep, outcomes } from "../step-fixture.js"
import { time } from "./time.js"
import { dayOfMonth } from "./time-step.js"

const at = (...texts: string[]) =>
  texts.map((text) => ({ at: Date.parse(`${text}Z`), udp: { sourcePort: 1, destinationPort: 2 } }))

test.each([
  // Both ends are included. 22 November 2026 is a Sunday.
  [
    "--timestart 08:00 --timestop 17:00",
    at("2026-11-22T07:59:59", "2026-11-22T08:00:00", "2026-11-22T17:00:00", "2026-11-22T17:00:01"),
    ".xx.",
  ],
  [
    "--timestart 22:00 --timestop 02:00",
    at("2026-11-22T21:59:59", "2026-11-22T22:00:00", "2026-11-22T02:00:00", "2026-11-22T02:00:01"),
    ".xx.",
  ],
  ["--weekdays Sun", at("2026-11-22T00:00:00", "2026-11-23T00:00:00"), "x."],
  ["! --weekdays Sun", at("2026-11-22T00:00:00", "2026-11-23T00:00:00"), ".x"],
  ["--monthdays 1,22", at("2026-11-22T00:00:00", "2026-11-23T00:00:00", "2026-12-01T00:00:00"), "x.x"],
  [
    "--timestart 22:00 --timestop 02:00 --weekdays Sat",
    at("2026-11-22T01:00:00", "2026-11-21T01:00:00"),
    ".x",
  ],
  [
    "--timestart 22:00 --timestop 02:00 --weekdays Sat --contiguous",
    at("2026-11-22T01:00:00", "2026-11-21T01:00:00", "2026-11-21T23:00:00"),
    "x.x",
  ],
  [
    "--datestart 2026-11-22 --datestop 2026-11-22T12:00:00",
    at("2026-11-21T23:59:59", "2026-11-22T00:00:00", "2026-11-22T12:00:00", "2026-11-22T12:00:01"),
    ".xx.",
  ],
])("%s", (text, packets, expected) => expect(outcomes([matchStep(time, text)], packets)).toBe(expected))

test("days of the month, for a century", () => {
  for (let day = 0; day < 36_525; day++) {
    const ours = dayOfMonth(day)
    if (ours !== new Date(day * 86_400_000).getUTCDate()) expect([day, ours]).toBe("a day of the month")
  }
})
