import fc from "fast-check"
import { expect, test } from "vitest"
import { engineOf, rule, table } from "../engine/engine-fixture.js"
import type { Trace } from "../engine/trace.js"
import { buildPacket } from "../packet/build.js"
import { decode } from "../packet/decode.js"
import type { PacketDescription } from "../packet/description.js"
import { LINKTYPE_ETHERNET } from "../packet/link-type.js"
import { Packet } from "../packet/packet.js"
import { requirementOfSteps } from "./kinds.js"
import type { ExpressionNode, StepNode } from "./node.js"
import { sortOf } from "./packet-sort.js"
import { both, isPossible } from "./requirement.js"

const meta = (key: "nfproto" | "l4proto" | "random" | "length"): ExpressionNode => ({
  expression: "meta",
  key,
})
const field = (
  protocol: "ip" | "ip6" | "tcp" | "udp" | "icmp" | "icmpv6" | "th",
  name: string,
): ExpressionNode => ({
  expression: "payload",
  protocol,
  field: name,
})
const is = (left: ExpressionNode, value: number, operator: "==" | "!=" = "=="): StepNode => ({
  step: "compare",
  left,
  operator,
  right: { value: [value] },
})
const masked = (left: ExpressionNode, mask: number): ExpressionNode => ({
  expression: "and",
  left,
  mask: [mask],
})
const limit: StepNode = { step: "limit", rate: { count: 1, unit: "hour" }, burst: 2, over: false }

test.each<[string, StepNode[], ReturnType<typeof requirementOfSteps>]>([
  ["nothing", [], {}],
  ["a TCP port", [is(field("tcp", "dport"), 80)], { protocol: 6 }],
  [
    "a family, then a protocol",
    [is(meta("nfproto"), 10), is(meta("l4proto"), 17)],
    { family: 6, protocol: 17 },
  ],
  ["not a family", [is(meta("nfproto"), 10, "!=")], {}],
  ["two protocols at once", [is(meta("l4proto"), 6), is(field("udp", "dport"), 53)], null],
  ["what stands behind a limit", [limit, is(field("tcp", "dport"), 80)], {}],
  ["what stands behind chance", [is(meta("random"), 1), is(field("tcp", "dport"), 80)], {}],
  ["a mask", [is(masked(field("tcp", "flags"), 2), 2)], { protocol: 6 }],
])("%s", (_name, steps, required) => {
  expect(requirementOfSteps(steps)).toEqual(required)
})

test("what both ask for is possible for exactly the packets that are possible for each", () => {
  const family = fc.constantFrom<(4 | 6 | undefined)[]>(undefined, 4, 6)
  const protocol = fc.constantFrom(undefined, 1, 6, 17, 58, 47)
  const requirement = fc.record({ family, protocol }).map((each) => JSON.parse(JSON.stringify(each)))
  fc.assert(
    fc.property(
      requirement,
      requirement,
      fc.constantFrom(0, 4, 6),
      fc.constantFrom(-1, 1, 6, 17, 58, 47),
      (...all) => {
        const [left, right, family, protocol] = all
        const packet = Object.assign(new Packet(), { family, protocol })
        const sort = sortOf(packet)
        const joined = both(left, right)
        if (joined === null) return
        expect(isPossible(joined, sort)).toBe(isPossible(left, sort) && isPossible(right, sort))
      },
    ),
  )
})

const questions: readonly StepNode[] = [
  is(meta("nfproto"), 2),
  is(meta("nfproto"), 10),
  is(meta("l4proto"), 6),
  is(meta("l4proto"), 17, "!="),
  is(meta("l4proto"), 51),
  is(meta("length"), 40),
  is(field("ip", "protocol"), 17),
  is(field("ip", "ttl"), 64),
  is(field("ip6", "hoplimit"), 64),
  is(field("th", "dport"), 80),
  is(field("tcp", "dport"), 80),
  is(masked(field("tcp", "flags"), 2), 0, "!="),
  is(masked(field("tcp", "flags"), 0x17), 2),
  is(masked(field("ip", "frag-off"), 0x3fff), 0),
  is(masked(field("ip", "frag-off"), 0x1fff), 0, "!="),
  { step: "lookup", left: meta("l4proto"), negated: true, set: [{ value: [6] }, { value: [17] }] },
  is(field("udp", "dport"), 80, "!="),
  is(field("icmp", "type"), 8),
  is(field("icmpv6", "type"), 128),
  is({ expression: "extension-header", header: "frag" }, 0),
  is({ expression: "tcp-option", option: "maxseg" }, 0),
  { step: "lookup", left: field("tcp", "dport"), negated: false, set: [{ value: [22] }, { value: [80] }] },
  limit,
  { step: "counter" },
]
const ends: readonly StepNode[] = [
  { step: "verdict", verdict: "drop" },
  { step: "verdict", verdict: "accept" },
  { step: "verdict", verdict: "return" },
  { step: "verdict", verdict: "jump", chain: "other" },
  { step: "verdict", verdict: "goto", chain: "other" },
  {
    step: "verdict-map",
    left: field("tcp", "dport"),
    map: [{ key: { value: [80] }, verdict: { step: "verdict", verdict: "drop" } }],
  },
  {
    step: "verdict-map",
    left: field("tcp", "flags"),
    map: [
      { key: { value: [2] }, verdict: { step: "verdict", verdict: "jump", chain: "other" } },
      { key: { value: [16] }, verdict: { step: "verdict", verdict: "drop" } },
    ],
  },
  { step: "counter" },
]

const four = { source: "203.0.113.1", destination: "192.0.2.1" }
const six = { source: "2001:db8::9", destination: "2001:db8::1" }
const ports = { sourcePort: 1000, destinationPort: 80 }
const packets: readonly PacketDescription[] = [four, six].flatMap((ends): PacketDescription[] => [
  { ...ends, tcp: { ...ports, flags: 2, maximumSegmentSize: 1460 } },
  { ...ends, tcp: { ...ports, destinationPort: 22, flags: 16 } },
  { ...ends, tcp: { ...ports, flags: 0x11 } },
  { ...ends, udp: ports, payload: 9 },
  { ...ends, icmp: { type: ends === four ? 8 : 128 } },
  { ...ends, protocol: 47, payload: 20 },
  { ...ends, ...(ends === six ? { extensions: [{ header: 51 }] } : {}), tcp: { ...ports, flags: 2 } },
  { ...ends, protocol: 6, fragment: { offset: 800, more: false }, payload: 24 },
])

const watcher: Trace = { enter() {}, step() {}, verdict() {}, end() {}, policy() {}, kernel() {} }

test("rules that are left out would not have matched: a watched packet, for which none is, fares the same", () => {
  const aRule = fc
    .tuple(fc.array(fc.constantFrom(...questions), { maxLength: 4 }), fc.constantFrom(...ends))
    .map(([steps, end]) => rule(...steps, end))
  const rules = fc.array(aRule, { maxLength: 8 })
  let verdicts = 0
  fc.assert(
    fc.property(
      rules,
      rules,
      fc.array(fc.constantFrom(...packets), { maxLength: 12 }),
      (first, second, traffic) => {
        const withoutJumps = second.filter(({ steps }) => !JSON.stringify(steps).includes('"chain"'))
        const ruleset = table([
          {
            name: "base",
            base: { type: "filter", hook: "prerouting", priority: -300, policy: "accept" },
            rules: first,
          },
          { name: "other", rules: withoutJumps },
        ])
        const plain = engineOf(ruleset)
        const watched = engineOf(ruleset)
        traffic.forEach((description, time) => {
          const bytes = buildPacket(description)
          const [left, right] = [plain, watched].map((engine) => {
            const packet = new Packet()
            decode(packet, new DataView(bytes.buffer), 0, bytes.length, bytes.length, LINKTYPE_ETHERNET)
            packet.time = time * 1000
            packet.inputInterface = 1
            const { verdict, chain, rule } = engine.judge(
              packet,
              "input",
              engine === watched ? watcher : null,
            )
            if (rule >= 0) verdicts++
            return { verdict, chain, rule }
          })
          expect(left).toEqual(right)
        })
      },
    ),
    { numRuns: 500 },
  )
  expect(verdicts).toBeGreaterThan(1000)
})
