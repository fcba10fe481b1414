import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { isProblem } from "../base/diagnostic.js"
import { maskWords } from "../base/prefix.js"
import { parseRate } from "../base/rate.js"
import { FIN, Packet, SYN, TCP, UDP } from "../packet/packet.js"
import {
  above,
  accept,
  add,
  address,
  and,
  concat,
  counter,
  ct,
  ctCountOver,
  ctStateIn,
  drop,
  equal,
  exists,
  exthdr,
  fib,
  goto,
  hasNone,
  iifname,
  inSet,
  ip,
  ip6,
  is,
  jump,
  l4proto,
  limit,
  limitOver,
  logTo,
  maskedIs,
  meta,
  network,
  notEqual,
  notInSet,
  notrack,
  parts,
  prefixItem,
  range,
  reject,
  setCtMark,
  setMark,
  tcp,
  tcpOption,
  update,
  vmap,
} from "./build.js"
import { buildFrom, expressionKinds, stepKinds, stepsToText } from "./kinds.js"
import { matcherOf } from "./match/matcher.js"
import type { StepNode } from "./node.js"
import type { Outcome, Run, RunConnection } from "./runtime.js"
import { dataTypes, type TypeName, wordsOf } from "./type.js"
import type { Item } from "./value.js"

const outcomeNames = ["continue", "break", "accept", "drop", "reject", "return", "jump", "goto"]

function newRun(over: Partial<Run> = {}): Run {
  return {
    now: 0,
    registers: new Uint32Array(32),
    target: -1,
    family: 4,
    ingress: false,
    tracked: false,
    ctState: 0,
    connection: null,
    ctDirection: 0,
    mark: 0,
    untrack: false,
    inputInterface: 2,
    outputInterface: 0,
    state: new Float64Array(64),
    stateBase: 0,
    element: -1,
    rejectWith: null,
    log: () => {},
    random: (below) => below - 1,
    routes: { addressType: (_, which) => (which === "source" ? 1 : 2), interfaceTo: () => 3 },
    ...over,
  } as Run
}

/** Compiles one step; `alive` is what a connection counter says. Chains are numbered by the length of their names. */
function compile(node: StepNode, alive = 0) {
  let places = 0
  const build = buildFrom({
    set: (name) => ({
      types: ["integer"],
      keyWords: 1,
      contains: (_packet, run, at) => run.registers[at] === name.length,
      has: (run, at) => run.registers[at] === name.length,
      copyData: () => {},
      lastData: () => 3,
      updater: () => (_packet, run, at) => (run.registers[at] === name.length ? 0 : 1),
    }),
    anonymousSet: ({ key, elements }) => {
      const matchers = elements.map((element) => matcherOf(element.key, key, { interfaces: () => [2] }))
      const has = (run: Run, at: number) => matchers.some((matches) => matches(run.registers, at))
      return {
        types: key,
        keyWords: 1,
        contains: (_packet, run, at) => has(run, at),
        has,
        copyData: () => {},
        lastData: () => 3,
        updater: () => () => 0,
      }
    },
    chain: (name) => name.length,
    interfaces: (name) => (name === "eth0" ? [2] : name === "br-*" ? [5, 6] : []),
    connectionCounter: () => ({ count: () => alive, giveUp: () => false }),
    accounting: () => undefined,
    needsConntrack: () => undefined,
    shared: (_kind, _name, make) => make(),
    object: () => () => 0,
    objectNames: () => [],
    slots: (count) => (places += count) - count,
  })
  const step = build.step(node)
  return (packet: Packet, run: Run): string => outcomeNames[step(packet, run) as Outcome]!
}

function packetOf(fields: Partial<Packet>): Packet {
  return Object.assign(
    new Packet(),
    {
      family: 4,
      networkOffset: 0,
      networkHeaderLength: 20,
      transportOffset: 20,
      networkLength: 40,
      fragmentOffset: 0,
    },
    fields,
  )
}

const segment = packetOf({
  protocol: TCP,
  source0: 0xc0000201,
  sourcePort: 40000,
  destinationPort: 22,
  tcpFlags: SYN,
})

test.each<[StepNode[], string]>([
  [
    [iifname("eth0"), is(l4proto, TCP), maskedIs(tcp("flags"), 23, SYN), drop],
    'iifname "eth0" meta l4proto tcp tcp flags & (fin | syn | rst | ack) == syn drop',
  ],
  [[hasNone(tcp("flags"), FIN | SYN)], "tcp flags ! fin,syn"],
  [[equal(tcp("flags"), 0)], "tcp flags == 0x0"],
  [[equal(tcp("flags"), FIN | SYN)], "tcp flags == 0x3"],
  [[ctStateIn("established", "related"), accept], "ct state established,related accept"],
  [
    [equal(ip("saddr"), prefixItem({ address: { family: 4, words: address("10.0.0.0") }, length: 8 }))],
    "ip saddr 10.0.0.0/8",
  ],
  [[equal(network(ip6("saddr"), 6, 64), address("2001:db8::"))], "ip6 saddr 2001:db8::/64"],
  [[equal(and(ip("saddr"), 255), 7)], "ip saddr & 0.0.0.255 == 0.0.0.7"],
  [[notInSet(tcp("dport"), [22, range(80, 90)])], "tcp dport != { 22, 80-90 }"],
  [
    [inSet(concat(ip("saddr"), tcp("dport")), [parts(address("192.0.2.1"), 22)])],
    "ip saddr . tcp dport { 192.0.2.1 . 22 }",
  ],
  [
    [
      update(
        "m",
        network(ip6("saddr"), 6, 64),
        { timeout: 60e9 },
        limitOver({ count: 5, unit: "minute" }, 3),
      ),
      drop,
    ],
    "update @m { ip6 saddr & ffff:ffff:ffff:ffff:: timeout 1m limit rate over 5/minute burst 3 packets } drop",
  ],
  [
    [add("c", ip("saddr"), {}, ctCountOver(3)), reject("tcp-reset")],
    "add @c { ip saddr ct count over 3 } reject with tcp reset",
  ],
  [
    [exists(exthdr("frag")), logTo(7, "fragments", 64), counter],
    'exthdr frag exists log prefix "fragments" group 7 snaplen 64 counter',
  ],
  [
    [
      vmap(tcp("flags"), [
        [0, drop],
        [FIN | SYN, jump("bad")],
        [SYN, goto("new")],
      ]),
    ],
    "tcp flags vmap { 0x0 : drop, fin | syn : jump bad, syn : goto new }",
  ],
  [[exists(fib(["saddr", "iif"], "oif"))], "fib saddr . iif oif exists"],
  [[setMark(16), setCtMark(1), notrack], "meta mark set 0x00000010 ct mark set 0x00000001 notrack"],
  [[equal(ct("proto-dst", "original"), range(1, 1023))], "ct original proto-dst 1-1023"],
  [[limit({ count: 1, unit: "second" }, 0)], "<limit>"],
])("nft text %#", (steps, expected) => expect(stepsToText(steps)).toBe(expected))

test("every kind has its name, its manual entry and an example of its own", () => {
  const kinds = [...Object.entries(expressionKinds), ...Object.entries(stepKinds)]
  expect(kinds.length).toBeGreaterThan(35)
  for (const [name, kind] of kinds) {
    expect(kind.name).toBe(name)
    expect(kind.manual.text).toMatch(/^[A-Z`].*\.$/)
    expect(kind.manual.example).not.toBe("")
  }
  expect(new Set(kinds.map(([, kind]) => kind.manual.title)).size).toBe(kinds.length)
})

/** When packets come, in seconds, and what the limit says to each. */
function arrivals(rate: string, burst: number, times: readonly number[], over = false): string {
  const parsed = parseRate(rate)
  if (isProblem(parsed)) throw new Error(parsed.message)
  const step = compile((over ? limitOver : limit)(parsed, burst))
  const run = newRun()
  return times
    .map((time) => {
      run.now = Math.round(time * 1e9)
      return step(segment, run) === "continue" ? "x" : "."
    })
    .join("")
}

describe("limit", () => {
  test.each<[string, number, readonly number[], string]>([
    // The six that the kernel was seen to give.
    ["3/minute", 2, [0, 0.3, 0.6, 0.9, 19.9, 20.1, 40.2], "xx...xx"],
    ["1/second", 1, [0, 0.999999999, 1, 1.5, 2], "x.x.x"],
    // The interval is rounded down: a third of a second less a bit.
    ["3/second", 1, [0, 0.333333332, 0.333333333], "x.x"],
    ["1/week", 5, [0, 1, 2, 3, 4, 5, 604799, 604805], "xxxxx..x"],
    ["10/second", 3, [5, 5, 5, 5, 5.1, 5.1, 9, 9, 9, 9], "xxx.x.xxx."],
    // Time that steps back neither refills nor takes.
    ["1/second", 1, [10, 9, 10.5, 11], "x..x"],
  ])("%s burst %i", (rate, burst, times, expected) => {
    expect(arrivals(rate, burst, times)).toBe(expected)
    const opposite = [...expected].map((mark) => (mark === "x" ? "." : "x")).join("")
    expect(arrivals(rate, burst, times, true)).toBe(opposite)
  })

  test("never lets past more than its burst and what its time gives", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 10 }),
        (gaps, perSecond, burst) => {
          let now = 0
          const times = gaps.map((gap) => (now += gap / 1000))
          const passed = [...arrivals(`${perSecond}/second`, burst, times)].filter(
            (mark) => mark === "x",
          ).length
          const elapsed = (times.at(-1) ?? 0) - (times[0] ?? 0)
          expect(passed).toBeLessThanOrEqual(burst + elapsed * perSecond + 1e-3)
          expect(passed).toBeGreaterThanOrEqual(Math.min(gaps.length, burst))
        },
      ),
    )
  })

  test("two limits of a ruleset, and two elements of a set, have buckets of their own", () => {
    const step = compile(limit({ count: 1, unit: "second" }, 1))
    const run = newRun()
    expect([step(segment, run), step(segment, run)]).toEqual(["continue", "break"])
    run.stateBase = 2
    expect([step(segment, run), step(segment, run)]).toEqual(["continue", "break"])
    expect([...run.state.slice(0, 4)]).toEqual([1e9, 0, 1e9, 0])
  })
})

const connection: RunConnection = {
  family: 4,
  protocol: TCP,
  tuples: Uint32Array.of(1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0),
  originalSourcePort: 11,
  originalDestinationPort: 12,
  replySourcePort: 13,
  replyDestinationPort: 14,
  status: 32,
  mark: 5,
  id: 1,
  helper: "",
  remaining: () => 0,
  packets: () => 0,
  bytes: () => 0,
  zone: () => 0,
  hasLabel: () => false,
  setLabel: () => {},
  labels: () => 0,
}

test.each<[StepNode, Partial<Run>, string]>([
  [ctStateIn("invalid"), {}, "continue"],
  [ctStateIn("new"), { tracked: true, ctState: 8 }, "continue"],
  [ctStateIn("established", "related"), { tracked: true, ctState: 8 }, "break"],
  [notEqual(ct("mark"), 7), {}, "break"],
  [notEqual(ct("mark"), 7), { tracked: true, connection }, "continue"],
  [equal(ct("ip saddr", "original"), 1), { connection }, "continue"],
  [equal(ct("ip daddr", "original"), 2), { connection }, "continue"],
  [equal(ct("ip saddr", "reply"), 3), { connection }, "continue"],
  [equal(ct("ip daddr", "reply"), 4), { connection }, "continue"],
  [notEqual(ct("ip6 saddr", "original"), address("::")), { connection }, "break"],
  [equal(ct("proto-src", "original"), 11), { connection }, "continue"],
  [equal(ct("proto-dst", "original"), 12), { connection }, "continue"],
  [equal(ct("proto-dst", "reply"), 14), { connection }, "continue"],
  [equal(ct("direction"), 1), { connection, ctDirection: 1 }, "continue"],
  [notEqual(and(ct("status"), 32), 0), { connection }, "continue"],
  [equal(fib(["saddr", "iif"], "oif"), 0), {}, "continue"],
  [exists(fib(["saddr", "iif"], "oif")), { inputInterface: 3 }, "continue"],
  [equal(fib(["daddr"], "type"), 2), {}, "continue"],
  [iifname("eth0"), {}, "continue"],
  [iifname("br-*"), {}, "break"],
  [iifname("br-*"), { inputInterface: 6 }, "continue"],
  [iifname("eth0", "br-*"), { inputInterface: 5 }, "continue"],
  [above(meta("mark"), 0), { mark: 0x80000000 | 0 }, "continue"],
  [drop, {}, "drop"],
  [reject("tcp-reset"), {}, "reject"],
  [vmap(tcp("dport"), [[22, jump("abc")]]), {}, "jump"],
  [vmap(tcp("dport"), [[23, drop]]), {}, "break"],
  [vmap(ip("saddr"), [[0xc0000201, drop]]), {}, "drop"],
  [vmap(ip("saddr"), "name"), {}, "break"],
  [inSet(tcp("dport"), "a".repeat(22)), {}, "continue"],
  [notInSet(tcp("dport"), "a".repeat(22)), {}, "break"],
  [update("a".repeat(22), tcp("dport")), {}, "continue"],
  [update("a".repeat(22), ip6("saddr")), {}, "break"],
  [inSet(ip("saddr"), [1, 2, 3, 4, 5, 0xc0000201]), {}, "continue"],
  [exists(tcpOption("maxseg")), {}, "break"],
])("in the engine %#: %j", (node, run, expected) => {
  const view = new DataView(new Uint8Array(40).buffer)
  const packet = Object.assign(packetOf(segment), { view, capturedLength: 40 })
  expect(compile(node)(packet, newRun(run))).toBe(expected)
})

test("a connection count is compared as nft says: up to it, or over it", () => {
  const says = (over: boolean, alive: number) =>
    compile({ step: "ct-count", count: 3, over }, alive)(segment, newRun())
  expect([3, 4].map((alive) => says(true, alive))).toEqual(["break", "continue"])
  expect([3, 4].map((alive) => says(false, alive))).toEqual(["continue", "break"])
})

test("statements do their work", () => {
  const logged: string[] = []
  const run = newRun({ log: (node) => void logged.push(node.prefix), connection: { ...connection } })
  expect(
    [counter, setMark(9), setCtMark(8), notrack, logTo(7, "why")].map((node) => compile(node)(segment, run)),
  ).toEqual(new Array(5).fill("continue"))
  expect([run.state[0], run.state[1], run.mark, run.connection?.mark, run.untrack, logged]).toEqual([
    1,
    40,
    9,
    8,
    true,
    ["why"],
  ])
  compile(jump("four"))(segment, run)
  expect(run.target).toBe(4)
  expect(compile(reject("tcp-reset"))(packetOf({ protocol: UDP }), run)).toBe("break")
  const tracked = newRun({ tracked: true })
  compile(notrack)(segment, tracked)
  expect(tracked.untrack).toBe(false)
})

test("numgen inc counts from its offset and comes back", () => {
  const step = compile(equal({ expression: "numgen", mode: "inc", modulus: 3, offset: 5 }, 5))
  const run = newRun()
  expect(Array.from({ length: 7 }, () => step(segment, run))).toEqual([
    "continue",
    "break",
    "break",
    "continue",
    "break",
    "break",
    "continue",
  ])
})

/** A value as one big number, to compare with. */
function big(words: readonly number[]): bigint {
  return words.reduce((sum, word) => sum * 4294967296n + BigInt(word >>> 0), 0n)
}

test("items match what lies inside them, however many words", () => {
  const word = fc.oneof(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 0xffffffff }))
  const type = fc.constantFrom<TypeName>("ipv4_addr", "ipv6_addr", "mark")
  fc.assert(
    fc.property(
      type,
      fc.tuple(word, word, word, word),
      fc.tuple(word, word, word, word),
      fc.nat(128),
      fc.boolean(),
      (name, left, right, bits, same) => {
        const count = wordsOf(name)
        const value = left.slice(0, count)
        const length = bits % (dataTypes[name] + 1)
        const mask = maskWords(length, count)
        const other = (
          same
            ? value.map((part, index) => (part & mask[index]!) | (right[index]! & ~mask[index]!))
            : right.slice(0, count)
        ).map((part) => part >>> 0)
        const [from, to] = [value, other].sort((first, second) => (big(first) < big(second) ? -1 : 1))
        const says = (item: Item, words: readonly number[]) =>
          matcherOf(item, [name], { interfaces: () => [] })(Uint32Array.from([7, ...words]), 1)
        const prefix = value.map((part, index) => (part & mask[index]!) >>> 0)
        expect(says({ prefix, length }, other)).toBe(
          big(other) >> BigInt(dataTypes[name] - length) === big(prefix) >> BigInt(dataTypes[name] - length),
        )
        expect(says({ from: from!, to: to! }, right.slice(0, count))).toBe(
          big(right.slice(0, count)) >= big(from!) && big(right.slice(0, count)) <= big(to!),
        )
        expect(says({ value }, other)).toBe(big(value) === big(other))
        expect(says({ value }, value)).toBe(true)
      },
    ),
  )
})
