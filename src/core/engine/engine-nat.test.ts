import { expect, test } from "vitest"
import { parseAddress, printAddress } from "../base/address.js"
import { type Prefix, parsePrefix } from "../base/prefix.js"
import { DESTINATION, type SOURCE } from "../packet/rewrite.js"
import { counter, logTo } from "../ruleset/build.js"
import type { Chain, Ruleset } from "../ruleset/ruleset.js"
import type { Step } from "../ruleset/runtime.js"
import type { Engine, EngineOptions } from "./engine.js"
import { chain, engineOf, judgeScript, rule, table } from "./engine-fixture.js"

type Hook = NonNullable<Chain["base"]>["hook"]

/** A ruleset whose nat chains have one rule each, and which says at the end of which hooks a packet came, and what it looked like. */
function translating(
  steps: Partial<Record<Hook, Step>>,
  options: Partial<EngineOptions> = {},
): { engine: Engine; seen: string[] } {
  const nat = (Object.keys(steps) as Hook[]).map((hook): Chain => {
    const made = chain(`nat-${hook}`, hook, 0, [rule(counter)])
    return { ...made, base: { ...made.base!, type: "nat" } }
  })
  const ends = (["input", "forward", "output", "postrouting"] as const).map((hook) =>
    chain(hook, hook, 1000, [rule(logTo(1, hook))]),
  )
  const ruleset: Ruleset = table([...nat, ...ends])
  const seen: string[] = []
  const engine = engineOf(ruleset, {
    conntrack: "on",
    interfaces: [
      { name: "eth0", networks: ["default"] },
      { name: "lan", networks: [prefix("192.168.1.0/24")] },
    ],
    local: ["203.0.113.1", "192.168.1.1"].map((text) => parseAddress(text)!),
    onLog(node, packet, run) {
      const address = (word: number) => printAddress({ family: 4, words: [word] })
      seen.push(
        `${node.prefix} ${address(packet.source0)}:${packet.sourcePort} > ${address(packet.destination0)}:${packet.destinationPort} ttl ${packet.ttl} oif ${run.outputInterface}`,
      )
    },
    ...options,
  })
  for (const { chain: each, rules } of engine.chains)
    if (each.base?.type === "nat") (rules[0]!.steps as Step[])[0] = steps[each.base.hook]!
  return { engine, seen }
}

function prefix(text: string): Prefix {
  return parsePrefix(text) as Prefix
}

const to =
  (end: typeof SOURCE | typeof DESTINATION, address: string, port = -1): Step =>
  (packet, run) => {
    const request = run.nat.ask()
    request.hasAddresses = true
    request.lowest.set(parseAddress(address)!.words)
    request.highest.set(parseAddress(address)!.words)
    request.fromPort = port
    request.toPort = port
    return run.nat.translate(packet, end)
  }

const masquerade: Step = (packet, run) => {
  run.nat.ask()
  return run.nat.masquerade(packet)
}

const redirect: Step = (packet, run) => {
  const request = run.nat.ask()
  request.fromPort = 8080
  request.toPort = 8080
  return run.nat.redirect(packet)
}

test("a translated destination decides the way anew, and answers come back as they went", () => {
  const { engine, seen } = translating({ prerouting: to(DESTINATION, "192.168.1.5", 80) })
  judgeScript(engine, "in eth0 198.51.100.7:4000 > 203.0.113.1:8080 S")
  judgeScript(engine, "in lan out eth0 192.168.1.5:80 > 198.51.100.7:4000 SA")
  expect(seen).toMatchInlineSnapshot(`
    [
      "forward 198.51.100.7:4000 > 192.168.1.5:80 ttl 63 oif 2",
      "postrouting 198.51.100.7:4000 > 192.168.1.5:80 ttl 63 oif 2",
      "forward 192.168.1.5:80 > 198.51.100.7:4000 ttl 63 oif 1",
      "postrouting 203.0.113.1:8080 > 198.51.100.7:4000 ttl 63 oif 1",
    ]
  `)
})

test("masquerading takes the outgoing interface's address; the answer's way is decided behind the translation", () => {
  const { engine, seen } = translating({ postrouting: masquerade })
  judgeScript(engine, "in lan out eth0 192.168.1.5:4000 > 198.51.100.7:80 S")
  judgeScript(engine, "in eth0 198.51.100.7:80 > 203.0.113.1:4000 SA")
  expect(seen).toMatchInlineSnapshot(`
    [
      "forward 192.168.1.5:4000 > 198.51.100.7:80 ttl 63 oif 1",
      "postrouting 203.0.113.1:4000 > 198.51.100.7:80 ttl 63 oif 1",
      "forward 198.51.100.7:80 > 192.168.1.5:4000 ttl 63 oif 2",
      "postrouting 198.51.100.7:80 > 192.168.1.5:4000 ttl 63 oif 2",
    ]
  `)
})

test("without the interface's address the source stays, and the answers in the capture find the connection", () => {
  const { engine, seen } = translating(
    { postrouting: masquerade },
    { local: [], interfaces: [{ name: "eth0", networks: [] }] },
  )
  expect([
    ...judgeScript(engine, "in lan out eth0 192.168.1.5:4000 > 198.51.100.7:80 S"),
    ...judgeScript(engine, "in eth0 198.51.100.7:80 > 192.168.1.5:4000 SA"),
  ]).toMatchInlineSnapshot(`
    [
      "accept new nat-postrouting:0 in lan out eth0 192.168.1.5:4000 > 198.51.100.7:80 S",
      "accept established       in eth0 198.51.100.7:80 > 192.168.1.5:4000 SA",
    ]
  `)
  expect(seen).toHaveLength(3)
})

test("redirecting brings the packet to this host", () => {
  const { engine, seen } = translating({ prerouting: redirect })
  judgeScript(engine, "in lan out eth0 192.168.1.5:4000 > 198.51.100.7:80 S")
  expect(seen).toMatchInlineSnapshot(`
    [
      "input 192.168.1.5:4000 > 192.168.1.1:8080 ttl 64 oif 0",
    ]
  `)
})

test("two sources with the same answers get two ports; a source keeps its own to everybody", () => {
  const { engine, seen } = translating({ postrouting: masquerade }, { random: () => 7 })
  judgeScript(engine, "in lan out eth0 192.168.1.5:4000 > 198.51.100.7:80 S")
  judgeScript(engine, "in lan out eth0 192.168.1.6:4000 > 198.51.100.7:80 S")
  judgeScript(engine, "in lan out eth0 192.168.1.6:4000 > 198.51.100.8:80 S")
  expect(seen.filter((line) => line.startsWith("post"))).toMatchInlineSnapshot(`
    [
      "postrouting 203.0.113.1:4000 > 198.51.100.7:80 ttl 63 oif 1",
      "postrouting 203.0.113.1:1031 > 198.51.100.7:80 ttl 63 oif 1",
      "postrouting 203.0.113.1:1031 > 198.51.100.8:80 ttl 63 oif 1",
    ]
  `)
})

test("what the gateway sent on, captured on its other side, is a new packet", () => {
  const { engine } = translating({ postrouting: masquerade })
  expect([
    ...judgeScript(engine, "in lan out eth0 192.168.1.5:4000 > 198.51.100.7:80 S"),
    ...judgeScript(engine, "out eth0 203.0.113.1:4000 > 198.51.100.7:80 S"),
  ]).toMatchInlineSnapshot(`
    [
      "accept new nat-postrouting:0 in lan out eth0 192.168.1.5:4000 > 198.51.100.7:80 S",
      "accept new nat-postrouting:0 out eth0 203.0.113.1:4000 > 198.51.100.7:80 S",
    ]
  `)
})

test("a packet without a hop left is not forwarded", () => {
  const { engine, seen } = translating({})
  expect(
    judgeScript(engine, "in lan out eth0 192.168.1.5:4000 > 198.51.100.7:80 S ttl 1"),
  ).toMatchInlineSnapshot(`
    [
      "drop new time-exceeded   in lan out eth0 192.168.1.5:4000 > 198.51.100.7:80 S ttl 1",
    ]
  `)
  expect(seen).toEqual([])
})

test("all nat chains are asked at the kernel's own place; of others there, the one that was loaded last comes first", () => {
  const nat = (name: string, place: number): Chain => {
    const made = chain(name, "output", place, [rule(counter)])
    return { ...made, base: { ...made.base!, type: "nat" } }
  }
  const filter = (name: string, place: number) => chain(name, "output", place, [rule(logTo(1, name))])
  const seen: string[] = []
  const engine = engineOf(
    table([
      filter("first", -100),
      nat("late", -90),
      nat("early", -150),
      filter("last", -100),
      filter("before", -120),
      filter("behind", -95),
    ]),
    {
      conntrack: "on",
      onLog: (node, packet) => seen.push(`${node.prefix} ${packet.destinationPort}`),
    },
  )
  for (const { chain: each, rules } of engine.chains)
    if (each.base?.type === "nat")
      (rules[0]!.steps as Step[])[0] = to(DESTINATION, "192.0.2.9", each.name === "early" ? 1 : 2)
  judgeScript(engine, "out eth0 192.0.2.1:4000 > 192.0.2.5:99 udp len 8")
  // As Linux 6.18 counts them.
  expect(seen).toEqual(["before 99", "last 99", "first 1", "behind 1"])
})
