import { expect, describe as group } from "vitest"
import { renderNft } from "../../src/core/backend/nft/render.js"
import { SYN } from "../../src/core/packet/packet.js"
import type { Ruleset, SetDeclaration } from "../../src/core/ruleset/ruleset.js"
import { laboratoryFacts } from "../../src/linux/demo/engine-run.js"
import { ActWriter, Numbers, type World, worlds } from "../../src/linux/demo/traffic/act.js"
import type { Laboratory } from "../../src/linux/host/namespace/laboratory.js"
import { createReferee } from "../../src/linux/host/namespace/referee.js"
import { openSetWriter } from "../../src/linux/host/netlink/set-elements.js"
import { failed } from "../../src/linux/host/outcome.js"
import { play } from "./support/agree.js"
import { kernelTest } from "./support/kernel-test.js"
import { compiled } from "./support/policy.js"

/**
 * Full is never "no limit": each set of sources is filled to its last place, then a new attacker comes, a known host, and an honest new one. Nobody with a place is harmed,
 * and the attacker gets no more than the ceiling that all newcomers share.
 */
const cases: readonly (readonly [line: string, element: string])[] = [
  ["syn-floods: 20/second burst 30", "limit rate over 20/second burst 30 packets"],
  ["all-floods: 20/second burst 30", "limit rate over 20/second burst 30 packets"],
  ["connection-rate: 20/second burst 30", "limit rate over 20/second burst 30 packets"],
  [
    "port-floods: { 80: { limit: more than 30 in 300s, action: drop } }",
    "limit rate over 1/week burst 30 packets",
  ],
]

const FLOOD = 9000

for (const world of worlds)
  for (const [line, element] of cases)
    group(`${line}, IPv${world.family}`, () => {
      kernelTest("a full set stops a new attacker and leaves a known host alone", ({ laboratory }) => {
        const ruleset = compiled(line, laboratoryFacts)
        const { text } = renderNft(ruleset)
        laboratory.firewall.nft(text)
        const ceiling = /limit rate over (\d+)\/second burst (\d+) packets jump \S+newcomers/.exec(text)
        expect(ceiling).not.toBeNull()
        const [rate, burst] = [Number(ceiling![1]), Number(ceiling![2])]
        expect(burst).toBeLessThan(FLOOD / 1.5)
        const set = sourcesOf(ruleset, world.family)
        const known = world.outside(1)
        fill(laboratory, set, world, known, element)
        expect(countElements(laboratory, set)).toBe(set.size)

        const writer = new ActWriter(new Numbers())
        const attacker = world.attacker(70_001)
        for (let number = 0; number < FLOOD; number++) {
          dial(writer, world, attacker, 1000 + number)
          if (number % 300 === 0) dial(writer, world, known, 1000 + number)
        }
        const referee = createReferee(laboratory, { until: "forward" })
        const begun = performance.now()
        play(laboratory, writer.frames, referee)
        const seconds = (performance.now() - begun) / 1000
        const passed = { attacker: 0, known: 0 }
        for (const { frame, own, ruling } of referee.finish()) {
          if (own || !ruling?.passed.has("prerouting")) continue
          passed[isFrom(frame.bytes, attacker, world) ? "attacker" : "known"]++
        }
        expect(passed.known).toBe(FLOOD / 300)
        expect(passed.attacker).toBeLessThanOrEqual(burst + rate * seconds + 1)
        expect(passed.attacker).toBeGreaterThanOrEqual(burst)
        expect(countElements(laboratory, set)).toBe(set.size)
      })

      kernelTest("an honest newcomer finds a full set and is served", ({ laboratory }) => {
        const ruleset = compiled(line, laboratoryFacts)
        laboratory.firewall.nft(renderNft(ruleset).text)
        fill(laboratory, sourcesOf(ruleset, world.family), world, world.outside(1), element)
        const writer = new ActWriter(new Numbers())
        for (let number = 0; number < 20; number++) dial(writer, world, world.outside(2), 1000 + number)
        const referee = createReferee(laboratory, { until: "forward" })
        play(laboratory, writer.frames, referee)
        const arrived = referee.finish().filter(({ own, frame }) => !own && frame.device === "wan0")
        expect(arrived.filter(({ ruling }) => ruling?.passed.has("forward"))).toHaveLength(20)
      })
    })

kernelTest("what is cleared from a set needs not be there, and what is removed does", ({ laboratory }) => {
  const { firewall } = laboratory
  firewall.nft(
    "add table inet floodwall\nadd set inet floodwall few { type ipv4_addr; flags timeout; size 3; }\n",
  )
  firewall.nft("add element inet floodwall few { 192.0.2.1, 192.0.2.2 timeout 1h }")
  const opened = firewall.namespace.inside(openSetWriter)
  if (failed(opened)) throw new Error(JSON.stringify(opened.failure))
  const writer = opened.value
  const place = { table: "floodwall", set: "few" }
  const key = (host: number) => ({ key: [0xc0000200 + host] })
  const left = () => {
    const listed = writer.list(place)
    return failed(listed) ? [] : listed.value.map((element) => element.key[3]).sort()
  }
  const [ENOENT, ENFILE] = [2, 23]
  expect([writer.remove(place, [key(2), key(9)]), left()]).toEqual([ENOENT, [1, 2]])
  expect([writer.clear(place, [key(9), key(2)]), left()]).toEqual([0, [1]])
  expect(writer.add(place, [key(4), key(5)])).toBe(0)
  expect([writer.clear(place, [key(9), key(1)]), left()]).toEqual([ENFILE, [1, 4, 5]])
  writer.close()
})

function sourcesOf(ruleset: Ruleset, family: 4 | 6): SetDeclaration {
  const found = ruleset.tables
    .flatMap(({ sets }) => sets)
    .filter(({ name }) => name.endsWith(`sources${family}`))
  expect(found).toHaveLength(1)
  return found[0]!
}

function dial(writer: ActWriter, world: World, source: string, sourcePort: number): void {
  writer.packet("outside", {
    source,
    destination: world.inside,
    tcp: { sourcePort, destinationPort: 80, flags: SYN, maximumSegmentSize: 1460 },
  })
}

/** Every place is taken: one by the known host, the others by sources that forged floods left. */
function fill(
  laboratory: Laboratory,
  set: SetDeclaration,
  world: World,
  known: string,
  element: string,
): void {
  const key = (address: string) => (world.family === 4 ? address : address.replace(/::.*$/, "::"))
  const keys = [
    key(known),
    ...Array.from({ length: set.size! - 1 }, (_, index) => key(world.attacker(index))),
  ]
  const timeout = set.timeout === undefined ? "" : " timeout 1h"
  laboratory.firewall.nft(
    `add element inet floodwall ${set.name} { ${keys.map((each) => `${each} ${element}${timeout}`).join(", ")} }\n`,
  )
}

/** As the kernel lists them: `nft list set` takes seconds to say as much. */
function countElements(laboratory: Laboratory, { name }: SetDeclaration): number {
  const opened = laboratory.firewall.namespace.inside(openSetWriter)
  if (failed(opened)) throw new Error(JSON.stringify(opened.failure))
  try {
    const listed = opened.value.list({ table: "floodwall", set: name })
    if (failed(listed)) throw new Error(JSON.stringify(listed.failure))
    return listed.value.length
  } finally {
    opened.value.close()
  }
}

function isFrom(frame: Uint8Array, address: string, world: World): boolean {
  const bytes = world.family === 4 ? frame.subarray(26, 30) : frame.subarray(22, 38)
  const [known] = [address]
  return Buffer.from(bytes).toString("hex") === hexOf(known, world)
}

function hexOf(address: string, world: World): string {
  if (world.family === 4) return Buffer.from(address.split(".").map(Number)).toString("hex")
  const groups = address.replace("::", ":".repeat(9 - address.split(":").filter(Boolean).length)).split(":")
  return groups.map((each) => each.padStart(4, "0")).join("")
}
