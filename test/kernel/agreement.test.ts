import { expect, describe as group } from "vitest"
import { renderNft } from "../../src/core/backend/nft/render.js"
import { SYN } from "../../src/core/packet/packet.js"
import type { HostFacts } from "../../src/core/policy/policy.js"
import type { Comparison } from "../../src/linux/demo/agreement.js"
import { laboratoryFacts } from "../../src/linux/demo/engine-run.js"
import { type ActFrame, ActWriter, Numbers, worlds } from "../../src/linux/demo/traffic/act.js"
import { TcpSession, usualOptions } from "../../src/linux/demo/traffic/tcp-session.js"
import { differences, judgeBoth } from "./support/agree.js"
import { kernelTest } from "./support/kernel-test.js"
import { compiled } from "./support/policy.js"
import { traffic } from "./support/traffic.js"

/**
 * Every protection alone, with all traffic of the demonstration: honest and hostile, for the firewall and through it, both families. The engine gets the capture of what the
 * kernel judged, and must say the same of each packet.
 *
 * Rates are so low that no token comes back while a test runs: what a limit lets pass is a number, not a race.
 */
const cases: readonly string[] = [
  "malformed-null: drop",
  "malformed-xmas: drop",
  "malformed-bad: drop",
  "bad-packets: drop",
  "land: drop",
  "spoofed-source: drop",
  "invalid: drop",
  "new-tcp-without-syn: drop",
  "fragments: drop",
  "fragments: { which: tiny-and-overlapping }",
  "small-mss: drop",
  "small-mss: { minimum: 536 }",
  "icmp-floods: 1/hour burst 5",
  "syn-floods: 1/hour burst 5",
  "syn-floods: { limit: 1/hour burst 5, per: everyone }",
  "syn-floods: { limit: 1/hour burst 5, per: { ipv4: /24, ipv6: /48 } }",
  "syn-floods: { limit: 1/hour burst 5, for: { 198.18.0.0/16: off, 2001:db8:8000::/34: 1/hour burst 20 } }",
  "syn-floods: { limit: 1/hour burst 5, action: block }",
  "syn-floods: { limit: 1/hour burst 5, action: notify }",
  "all-floods: 1/hour burst 5",
  "connection-rate: 1/hour burst 5",
  "port-floods: { 80: { limit: more than 5 in 300s } }",
  "decoy-ports: [23/tcp, 3389/tcp]",
  "open: [80/tcp]",
  "blocklist: [203.0.113.0/26, 2001:db8:1000::/40]",
  "preset: kura-flooding-protection",
  "outgoing: { malformed-bad: drop, invalid: drop }",
  "outgoing: { syn-floods: 1/hour burst 5 }",
]

const inPrerouting: HostFacts = { ...laboratoryFacts, ingressDevices: [], egress: false }

const placements: readonly (readonly [name: string, host: HostFacts])[] = [
  ["at ingress", laboratoryFacts],
  ["in prerouting", inPrerouting],
]

/** Rates of every day: tokens come back meanwhile, so the counts are the day's. */
const withRates: readonly string[] = ["preset: default", "preset: strong", "preset: watch"]

for (const [placement, host] of placements)
  group(placement, () => {
    for (const line of cases)
      kernelTest(`${line}: the engine says what the kernel does`, ({ laboratory }) => {
        const ruleset = compiled(line, host)
        const comparisons = judgeBoth(laboratory, { nft: renderNft(ruleset).text, ruleset }, traffic)
        expect(differences(comparisons)).toEqual([])
        expect({ kernel: dropped(comparisons), by: droppedBy(comparisons) }).toMatchSnapshot()
      })

    for (const line of withRates)
      kernelTest(`${line}: the engine says what the kernel does`, ({ laboratory }) => {
        const ruleset = compiled(line, host)
        const comparisons = judgeBoth(laboratory, { nft: renderNft(ruleset).text, ruleset }, traffic)
        expect(differences(comparisons)).toEqual([])
      })

    kernelTest("connections: 5: the engine counts as the kernel does", ({ laboratory }) => {
      const ruleset = compiled("connections: { limit: 5, action: drop }", host)
      const comparisons = judgeBoth(laboratory, { nft: renderNft(ruleset).text, ruleset }, openAndClose, {
        pace: true,
      })
      expect(differences(comparisons)).toEqual([])
      // Of eight SYNs five pass; three connections end, and of three more all pass; then no more.
      expect(droppedBy(comparisons)).toEqual({ connections: 2 * (3 + 1) })
    })
  })

kernelTest(
  "outgoing: { fragments: drop } in prerouting: the engine says what the kernel does",
  ({ laboratory }) => {
    const ruleset = compiled("outgoing: { fragments: drop }", inPrerouting)
    const comparisons = judgeBoth(laboratory, { nft: renderNft(ruleset).text, ruleset }, traffic)
    expect(differences(comparisons)).toEqual([])
    expect(droppedBy(comparisons)["fragments"]).toBeGreaterThan(0)
  },
)

// A known difference (docs/model-gaps.md): the kernel cuts a datagram again before egress sees it, and the engine shows egress the whole.
kernelTest(
  "outgoing: { fragments: drop } at egress: the engine lets forwarded datagrams pass that the kernel drops",
  ({ laboratory }) => {
    const ruleset = compiled("outgoing: { fragments: drop }", laboratoryFacts)
    const comparisons = judgeBoth(laboratory, { nft: renderNft(ruleset).text, ruleset }, traffic)
    const differ = comparisons.filter(({ same }) => same === false)
    expect(differ.length).toBeGreaterThan(0)
    for (const { arrival, kernel, engine } of differ) {
      expect([arrival.frame.device, kernel]).toEqual(["lan0", "dropped"])
      expect(["accept", "absorbed"]).toContain(engine.verdict)
    }
  },
)

kernelTest("without a rule all of it passes", ({ laboratory }) => {
  const comparisons = judgeBoth(laboratory, { ruleset: { tables: [] } }, traffic)
  expect(differences(comparisons)).toEqual([])
  // What the kernel itself stops: datagrams that never become whole, a loopback source in IPv6.
  const stopped = comparisons
    .filter(({ kernel }) => kernel === "dropped")
    .map(({ engine }) => `${engine.verdict} ${engine.why}`.trim())
  expect(new Set(stopped)).toEqual(
    new Set(["absorbed", "absorbed fragment-overlap", "none ipv6-loopback-source"]),
  )
})

/**
 * One source in each family, a step every 20 ms: the kernel looks for the dead once a tick (4 ms at 250 Hz), and two steps in one tick would be a race.
 */
const openAndClose: readonly ActFrame[] = worlds.flatMap((world) => {
  const writer = new ActWriter(new Numbers())
  const session = (port: number) =>
    new TcpSession(
      writer,
      { side: "outside", address: world.outside(1), port },
      { side: "inside", address: world.inside, port: 80 },
      1000,
      2000,
    )
  const open = Array.from({ length: 8 }, (_, index) => session(1000 + index))
  for (const [index, connection] of open.entries()) {
    writer.wait(20e6)
    if (index < 5) connection.open()
    else connection.segment("client", SYN, 0, usualOptions)
  }
  for (const connection of open.slice(0, 3)) {
    writer.wait(20e6)
    connection.close()
  }
  for (let index = 0; index < 4; index++) {
    writer.wait(20e6)
    if (index < 3) session(2000 + index).open()
    else session(2000 + index).segment("client", SYN, 0, usualOptions)
  }
  return writer.frames
})

function dropped(comparisons: readonly Comparison[]): number {
  return comparisons.filter(({ kernel }) => kernel === "dropped").length
}

/** Packets by the protection whose rule dropped them; fragments that were taken in and came to nothing have none. */
function droppedBy(comparisons: readonly Comparison[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { engine, kernel } of comparisons) {
    if (kernel !== "dropped") continue
    const by = engine.origin?.protection ?? (engine.verdict === "drop" ? "blocked" : "no rule")
    counts[by] = (counts[by] ?? 0) + 1
  }
  return counts
}
