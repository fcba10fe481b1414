import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { isProblem } from "../base/diagnostic.js"
import { type Prefix, parsePrefix, printPrefix } from "../base/prefix.js"
import { deltaOf, type KeptOut, keyOf, wantedInKernel } from "./agreement.js"
import type { Block, Scope } from "./block.js"
import { clockShift } from "./clock.js"
import { type Change, Ledger, ledgerDefaults, type Wish } from "./ledger.js"

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text)
  if (isProblem(parsed)) throw new Error(parsed.message)
  return parsed
}

function wish(source: string, given: Partial<Wish> = {}): Wish {
  return {
    source: prefix(source),
    scope: "everything",
    by: "detector",
    kind: "port-scan",
    why: "",
    seconds: 3600,
    ...given,
  }
}

const list = (ledger: Ledger) => [...ledger.all()].map(({ source }) => printPrefix(source)).sort()
const told = (changes: readonly Change[]) =>
  changes.map((change) =>
    change.change === "set" || change.change === "end"
      ? `${change.change} ${printPrefix(change.block.source)}`
      : change.change,
  )

describe("one block a source", () => {
  test("a weaker or shorter one changes nothing, a stronger or longer one takes its place", () => {
    const ledger = new Ledger()
    expect(told(ledger.block(wish("203.0.113.1", { scope: "new-connections", seconds: 600 }), 0))).toEqual([
      "set 203.0.113.1",
      "past",
    ])
    expect(ledger.block(wish("203.0.113.1", { scope: "new-connections", seconds: 60 }), 1)).toEqual([])
    ledger.block(wish("203.0.113.1"), 2)
    expect(ledger.block(wish("203.0.113.1", { scope: "new-connections", seconds: 9000 }), 3)).toEqual([])
    expect([...ledger.all()]).toMatchObject([{ scope: "everything", since: 0, until: 3602, times: 1 }])
    ledger.block(wish("203.0.113.1", { by: "hand", seconds: 10 }), 4)
    expect(ledger.find(prefix("203.0.113.1"))?.until).toBe(14)
  })

  test("repeaters are counted until they were quiet for a week", () => {
    const ledger = new Ledger()
    for (const [at, times] of [
      [0, 1],
      [4000, 2],
      [8000, 3],
      [8000 + 3600 + 7 * 86400 + 10, 1],
    ] as const) {
      ledger.expire(at)
      ledger.block(wish("203.0.113.1"), at)
      expect(ledger.find(prefix("203.0.113.1"))?.times).toBe(times)
    }
  })

  test("a network lets in all that lie in it", () => {
    const ledger = new Ledger()
    for (const source of ["203.0.113.1", "203.0.113.200", "203.0.112.1", "2001:db8::/64"])
      ledger.block(wish(source), 0)
    expect(told(ledger.unblock(prefix("203.0.113.0/24"), 1))).toEqual([
      "end 203.0.113.1",
      "past",
      "end 203.0.113.200",
      "past",
    ])
    expect(ledger.unblock(prefix("203.0.113.1"), 1)).toEqual([])
    expect(list(ledger)).toEqual(["2001:db8::/64", "203.0.112.1"])
  })
})

describe("eight neighbours become a network, and back", () => {
  const eight = (ledger: Ledger, given: Partial<Wish> = {}) => {
    for (let host = 1; host <= 8; host++)
      ledger.block(wish(`203.0.113.${host}`, { seconds: 1000 + host, ...given }), 0)
  }

  test("as long as the longest of them", () => {
    const ledger = new Ledger()
    eight(ledger)
    expect(ledger.find(prefix("203.0.113.0/24"))).toMatchObject({ kind: "neighbours", until: 1008 })
    expect(told(ledger.expire(1001))).toEqual(["end 203.0.113.1", "end 203.0.113.0/24"])
    expect(list(ledger)).toHaveLength(7)
  })

  test("naming one of them takes the network apart, and the others stay", () => {
    const ledger = new Ledger()
    eight(ledger)
    expect(told(ledger.unblock(prefix("203.0.113.3"), 1))).toEqual([
      "end 203.0.113.3",
      "past",
      "end 203.0.113.0/24",
    ])
    expect(list(ledger)).toHaveLength(7)
  })

  test("a neighbour who did nothing lets himself in", () => {
    const ledger = new Ledger()
    eight(ledger)
    expect(told(ledger.unblock(prefix("203.0.113.99"), 1))).toEqual(["end 203.0.113.0/24"])
  })

  test.each<[string, () => Ledger, Partial<Wish>]>([
    ["sources that proved nothing", () => new Ledger(), { scope: "new-connections" }],
    ["what was blocked by hand", () => new Ledger(), { by: "hand" }],
    ["a network with somebody in it who is never blocked", () => new Ledger(ledgerDefaults, () => true), {}],
    ["where it is switched off", () => new Ledger({ ...ledgerDefaults, neighbours: 0 }), {}],
  ])("not %s", (_name, make, given) => {
    const ledger = make()
    eight(ledger, given)
    expect(list(ledger)).toHaveLength(8)
  })
})

/** Random blocks and unblocks, and a kernel that does what the deltas say. */
test("the delta makes the kernel what the ledger wants, whatever was in it", () => {
  const source = fc.oneof(
    fc.nat(40).map((host) => `203.0.113.${host}`),
    fc.constantFrom("203.0.113.0/24", "203.0.113.0/28", "203.0.0.0/16", "2001:db8::/64", "2001:db8::/48"),
  )
  const scope = fc.constantFrom<Scope>("everything", "new-connections")
  const element = fc.record({ source: source.map(prefix), scope, left: fc.integer({ min: 1, max: 5000 }) })
  const step = fc.record({ source, scope, seconds: fc.integer({ min: 1, max: 5000 }), isBlock: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.array(element, { maxLength: 20 }), (steps, garbage) => {
      const ledger = new Ledger()
      let now = 0
      for (const each of steps) {
        now += 10
        ledger.expire(now)
        if (each.isBlock) {
          const isNetwork = each.source.includes("/") && !each.source.endsWith("/64")
          ledger.block(
            wish(each.source, { seconds: each.seconds, scope: isNetwork ? "everything" : each.scope }),
            now,
          )
        } else ledger.unblock(prefix(each.source), now)
      }
      const { wanted, left } = wantedInKernel(ledger.all())
      expect(left).toEqual([])
      const kernel = new Map<string | number, KeptOut>(garbage.map((each) => [keyOf(each), each]))
      const delta = deltaOf(wanted, [...kernel.values()], now)
      for (const each of delta.remove) kernel.delete(keyOf(each))
      for (const block of delta.add) expect(kernel.has(keyOf(block))).toBe(false)
      for (const block of [...delta.add, ...delta.put])
        kernel.set(keyOf(block), { ...block, left: block.until - now })
      expect([...kernel.keys()].sort()).toEqual(
        wanted
          .filter(({ until }) => until > now)
          .map(keyOf)
          .sort(),
      )
      expect(deltaOf(wanted, [...kernel.values()], now)).toEqual({ remove: [], add: [], put: [] })
    }),
  )
})

test("hosts that their set has no room for lie among the networks", () => {
  const blocks = Array.from(
    { length: 131072 + 5 },
    (_, index): Block => ({
      source: { address: { family: 4, words: [0x0a000000 + index] }, length: 32 },
      scope: "everything",
      by: "detector",
      kind: "port-scan",
      why: "",
      since: 0,
      until: 1000 + index,
      times: 1,
      droppedPackets: 0,
      droppedBytes: 0,
    }),
  )
  const { wanted, asNetwork, left } = wantedInKernel(blocks)
  expect(wanted).toHaveLength(131077)
  expect([...asNetwork].map(({ until }) => until).sort()).toEqual([1000, 1001, 1002, 1003, 1004])
  expect(left).toEqual([])
})

test.each([
  ["nothing before", undefined, { boot: "a", wall: 100, monotonic: 5 }, 0],
  ["time went by", { boot: "a", wall: 100, monotonic: 5 }, { boot: "a", wall: 160, monotonic: 65 }, 0],
  [
    "set forward by ten years",
    { boot: "a", wall: 100, monotonic: 5 },
    { boot: "a", wall: 3.2e8, monotonic: 65 },
    3.2e8 - 160,
  ],
  ["set back", { boot: "a", wall: 1000, monotonic: 5 }, { boot: "a", wall: 160, monotonic: 65 }, -900],
  [
    "another boot, later",
    { boot: "a", wall: 1000, monotonic: 900 },
    { boot: "b", wall: 5000, monotonic: 5 },
    0,
  ],
  [
    "another boot, and the clock was lost",
    { boot: "a", wall: 1000, monotonic: 900 },
    { boot: "b", wall: 10, monotonic: 5 },
    -990,
  ],
])("the clock: %s", (_name, before, now, shift) => {
  expect(clockShift(before, now)).toBeCloseTo(shift)
})
