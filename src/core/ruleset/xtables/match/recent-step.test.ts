import { expect, test } from "vitest"
import { matchStep, outcomes, sharingBuild } from "../step-fixture.js"
import { recent } from "./recent.js"

const udp = { udp: { sourcePort: 5000, destinationPort: 53 } }
const from = (source: string, ...times: number[]) => times.map((at) => ({ source, at, ...udp }))
const one = "203.0.113.1"

/** What the packets meet in two rules: the first only stamps, as CSF's pair does. */
function pair(first: string, second: string, packets: Parameters<typeof outcomes>[1]): string {
  const build = sharingBuild()
  const steps = [first, second].map((text) => matchStep(recent, text, build))
  return packets
    .map((packet) => {
      outcomes([steps[0]!], [packet])
      return outcomes([steps[1]!], [packet])
    })
    .join("")
}

test.each([
  [
    "the hit count's packet is the first",
    "--update --seconds 5 --hitcount 5",
    from(one, 0, 0, 0, 0, 0, 0),
    "....xx",
  ],
  // Who matched was stamped twice: one of three stamps in five seconds would be let through, and this one comes more slowly.
  [
    "stamped twice",
    "--update --seconds 5 --hitcount 5",
    from(one, 0, 0, 0, 0, 0, 2600, 5200, 7800, 10400),
    "....xx...",
  ],
  ["without seconds a stamp is for good", "--rcheck --hitcount 2", from(one, 0, 9e6), ".x"],
  [
    "the ring holds 32 stamps, or the hit count's power of two",
    "--rcheck --hitcount 33",
    from(one, ...new Array(40).fill(0)),
    `${".".repeat(32)}${"x".repeat(8)}`,
  ],
  [
    "times to live",
    "--rcheck --rttl --hitcount 1",
    [
      { ttl: 60, ...udp },
      { ttl: 61, ...udp },
    ],
    "xx",
  ],
])("--set, then %s", (_name, text, packets, expected) => expect(pair("--set", text, packets)).toBe(expected))

test("a list of a hundred gives up the one that was stamped longest ago", () => {
  const build = sharingBuild()
  const set = matchStep(recent, "--set --name a", build)
  const check = matchStep(recent, "--rcheck --name a", build)
  const all = Array.from({ length: 100 }, (_, index) => ({ source: `203.0.113.${index}`, ...udp }))
  expect(outcomes([set], all)).toBe("x".repeat(100))
  expect(outcomes([set], [all[0]!, { source: "198.18.0.1", ...udp }])).toBe("xx")
  expect(outcomes([check], [all[0]!, all[1]!, all[2]!, { source: "198.18.0.1", ...udp }])).toBe("x.xx")
})

test("removing, negating, the other end, masks", () => {
  const build = sharingBuild()
  const step = (text: string) => matchStep(recent, text, build)
  expect(outcomes([step("--remove")], from(one, 0))).toBe(".")
  expect(outcomes([step("! --rcheck")], from(one, 0))).toBe("x")
  expect(outcomes([step("--set")], from(one, 0))).toBe("x")
  expect(outcomes([step("! --set --name b")], from(one, 0))).toBe(".")
  expect(outcomes([step("--rcheck --name b")], from(one, 0))).toBe("x")
  expect(outcomes([step("--remove")], from(one, 0, 0))).toBe("x.")
  expect(outcomes([step("--set --rdest --name c --mask 255.255.255.0")], from(one, 0))).toBe("x")
  expect(outcomes([step("--rcheck --name c --mask 255.255.255.0")], from("198.51.100.9", 0))).toBe("x")
})

// CSF's lists serve both IP versions: as commands say them each IPv6 address is itself, as iptables-save prints them a /32 is one (iptables 1.8.9, Linux 6.18).
test.each([
  ["--set --name z", "x.x"],
  ["--set --name z --mask 255.255.255.255", "xxx"],
  ["--set --name z --mask 255.255.255.0", "xxx"],
])("IPv6 on a list that IPv4 made: %s", (text, expected) => {
  const build = sharingBuild()
  matchStep(recent, text, build)
  const [set, check] = ["--set --name z", "--rcheck --name z"].map((each) =>
    matchStep(recent, each, build, 6),
  )
  const from = (source: string) => [{ source, destination: "2001:db8:2::80", ...udp }]
  const seen = [
    outcomes([set!], from("2001:db8:9::1")),
    outcomes([check!], from("2001:db8:7777::1")),
    outcomes([check!], from("2001:db8:9::1")),
  ]
  expect(seen.join("")).toBe(expected)
})

test("--reap lets the oldest go, once its last stamp is old", () => {
  const build = sharingBuild()
  const step = (text: string) => matchStep(recent, text, build)
  expect(outcomes([step("--set")], from("203.0.113.8", 0))).toBe("x")
  expect(outcomes([step("--set")], from("203.0.113.9", 5000))).toBe("x")
  expect(outcomes([step("--rcheck --seconds 2 --reap")], from("203.0.113.9", 6000))).toBe("x")
  expect(outcomes([step("--rcheck")], from("203.0.113.8", 6000))).toBe(".")
})
