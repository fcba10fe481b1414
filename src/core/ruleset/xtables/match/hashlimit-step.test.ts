import { expect, test } from "vitest"
import { matchStep, outcomes, sharingBuild } from "../step-fixture.js"
import { hashlimit } from "./hashlimit.js"
import { bytesToCost, costToBytes, hashlimitOverflows } from "./hashlimit-rate.js"

const udp = (destinationPort = 53) => ({ udp: { sourcePort: 5000, destinationPort } })
const from = (source: string, ...times: number[]) => times.map((at) => ({ source, at, ...udp() }))
const one = "203.0.113.1"
const other = "203.0.113.2"

test.each([
  [
    "for each source the burst, then the rate",
    "--hashlimit-upto 1/sec --hashlimit-burst 2 --hashlimit-mode srcip",
    [...from(one, 0, 0, 0), ...from(other, 0), ...from(one, 900, 1004, 1100)],
    "xx.x.x.",
  ],
  ["above is the rest", "--hashlimit-above 1/sec --hashlimit-burst 2", from(one, 0, 0, 0, 0), "..xx"],
  [
    "sources of one network share",
    "--hashlimit-upto 1/min --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-srcmask 30",
    [...from(one, 0), ...from(other, 0), ...from("203.0.113.4", 0)],
    "x.x",
  ],
  [
    "a full table drops",
    "--hashlimit-upto 1/min --hashlimit-burst 9 --hashlimit-mode srcip --hashlimit-htable-size 2 --hashlimit-htable-max 2",
    [...from(one, 0), ...from(other, 0), ...from("203.0.113.3", 0), ...from(one, 0)],
    "xx!x",
  ],
  [
    "an idle entry is collected, and begins anew",
    "--hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-mode srcip --hashlimit-htable-expire 500 --hashlimit-htable-gcinterval 400",
    from(one, 0, 300, 700, 1150, 1700, 2700),
    "x....x",
  ],
  [
    // 192 bytes of the 200 are kept: 13 chunks of 16 a second; a packet of 60 bytes takes 4.
    "bytes: a second's worth at once",
    "--hashlimit-upto 200b/s --hashlimit-mode srcip",
    [0, 0, 0, 0, 1000].map((at) => ({ at, ...udp(), payload: 32 })),
    "xxx.x",
  ],
  [
    "bytes with a burst: so many seconds' worth more",
    "--hashlimit-upto 200b/s --hashlimit-burst 300b --hashlimit-mode srcip",
    new Array(10).fill({ ...udp(), payload: 32 }),
    "xxxxxxxxx.",
  ],
  [
    "rate match: nothing is spent, a window is counted",
    "--hashlimit-upto 2/sec --hashlimit-burst 1 --hashlimit-rate-match",
    from(one, 0, 10, 20, 30, 1040, 1050, 2100, 2200),
    "xxx...xx",
  ],
  [
    "ports: those of what has none are zero",
    "--hashlimit-upto 1/min --hashlimit-burst 1 --hashlimit-mode dstport",
    [{ ...udp(1) }, { ...udp(2) }, { ...udp(1) }, { icmp: { type: 8 } }, { icmp: { type: 8 } }],
    "xx.x.",
  ],
  [
    "ports that cannot be read drop",
    "--hashlimit-upto 1/min --hashlimit-mode dstport",
    [{ protocol: 6, payload: 3 }],
    "!",
  ],
])("%s", (_name, text, packets, expected) =>
  expect(outcomes([matchStep(hashlimit, `${text} --hashlimit-name a`)], packets)).toBe(expected),
)

test("rules of one name share their entries, and count as the first says", () => {
  const build = sharingBuild()
  const first = matchStep(hashlimit, "--hashlimit-upto 1/min --hashlimit-burst 3 --hashlimit-name a", build)
  const second = matchStep(
    hashlimit,
    "--hashlimit-above 9/sec --hashlimit-burst 99 --hashlimit-name a",
    build,
  )
  expect(outcomes([first], from(one, 0, 0))).toBe("xx")
  expect(outcomes([second], from(other, 0, 0))).toBe(".x")
})

// What /proc/net/ipt_hashlimit showed for the same rates (Linux 6.18).
test("a rate in bytes is kept in chunks", () => {
  expect(Math.floor((bytesToCost(20480) * 250 * 2 ** 24) / 2 ** 32)).toBe(3274241)
  expect(costToBytes(bytesToCost(200))).toBe(192)
})

test.each([
  [86_400e6, 1, false],
  [86_400e6, 2, true],
  [3_600e6, 5, false],
  [1e6, 0, true],
])(
  "a bucket of %d parts, %d of them, that the kernel's 64 bits do not hold: %s",
  (average, burst, overflows) => expect(hashlimitOverflows(average, burst)).toBe(overflows),
)
