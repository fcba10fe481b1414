import { expect, test } from "vitest"
import { matchStep, outcomes } from "../step-fixture.js"
import { string } from "./string.js"

const packet = (payload: string) => ({
  udp: { sourcePort: 5000, destinationPort: 53 },
  payload: new TextEncoder().encode(payload),
})

// 28 bytes of headers stand before the payload.
test.each([
  ["--string GET", "x GET /", "x"],
  ["--string GET", "x get /", "."],
  ["! --string GET", "x get /", "x"],
  ["--string get --icase", "x GeT /", "x"],
  // The kernel knows small letters of one byte only.
  ["--string äB --icase", "xÄb", "."],
  ["--string äB --icase", "xäb", "x"],
  ["--string abcabd", "abcabcabd", "x"],
  ["--string aaab", "aaaaaab", "x"],
  ["--string GET --from 29", "GET", "."],
  ["--string GET --from 28", "GET", "x"],
  ["--string GET --to 31", "GET", "x"],
  ["--string GET --to 30", "GET", "."],
  ["--string GET --from 4000", "GET", "."],
  ['--hex-string "|13 88 00 35|"', "", "x"],
])("%s in %j", (text, payload, expected) => {
  for (const algorithm of ["bm", "kmp"])
    expect(outcomes([matchStep(string, `${text} --algo ${algorithm}`)], [packet(payload)])).toBe(expected)
})
