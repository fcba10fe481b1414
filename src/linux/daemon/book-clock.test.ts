import { beforeEach, expect, onTestFinished, test, vi } from "vitest"
import { isProblem } from "../../core/base/diagnostic.js"
import { type Prefix, parsePrefix, printPrefix } from "../../core/base/prefix.js"
import type { Block } from "../../core/block/block.js"
import type { ClockReading } from "../../core/block/clock.js"
import { ledgerDefaults } from "../../core/block/ledger.js"
import { done } from "../host/outcome.js"
import { Book } from "./book.js"
import { steadyClock } from "./clock.js"
import type { CountedBlock, KernelBlock, KernelBlocks } from "./kernel-blocks.js"
import type { Store } from "./store.js"

const hour = 3600
let clock: ClockReading
let kernel: ReturnType<typeof countingDown>
let store: ReturnType<typeof remembering>
let notices: string[]
let book: Book

beforeEach(() => {
  clock = { boot: "first", wall: 1_700_000_000, monotonic: 1000 }
  kernel = countingDown()
  store = remembering()
  open()
})

function open(): void {
  notices = []
  book = new Book({
    store: { ...store.store, blocks: [...store.blocks.values()], clock: store.written() },
    kernel: kernel.blocks,
    clock: () => clock,
    settings: ledgerDefaults,
    neverBlocked: () => undefined,
    notice: (text) => notices.push(text),
  })
}

/** The kernel's sets: what is in them ends by the time since boot, whatever the clock says. */
function countingDown() {
  const elements = new Map<string, KernelBlock & { readonly put: number }>()
  let puts = 0
  const put = (blocks: readonly KernelBlock[]) => {
    for (const block of blocks) elements.set(nameOf(block), { ...block, put: clock.monotonic })
    puts += blocks.length
    return 0
  }
  const list = (): readonly CountedBlock[] =>
    [...elements.values()].flatMap(({ put, remaining, ...rest }) => {
      const left = remaining === null ? null : remaining - (clock.monotonic - put) * 1000
      return left !== null && left <= 0
        ? []
        : [{ ...rest, remaining: left, given: remaining, packets: 0, bytes: 0 }]
    })
  const blocks: KernelBlocks = {
    add: put,
    put,
    remove(gone) {
      for (const block of gone) elements.delete(nameOf(block))
      return 0
    },
    list: () => done(list()),
    remaining: () => undefined,
    countHosts: () => undefined,
    lookUpNetworks() {},
    port: 1,
    close() {},
  }
  return { blocks, list, puts: () => puts, reboot: () => elements.clear() }
}

function nameOf({ source, scope }: Pick<KernelBlock, "source" | "scope">): string {
  return `${scope} ${printPrefix(source)}`
}

function remembering() {
  const blocks = new Map<string, Block>()
  let written: ClockReading | undefined
  const store: Omit<Store, "blocks" | "clock"> = {
    pasts: [],
    write(changes, _events, at) {
      for (const change of changes) {
        if (change.change === "set") blocks.set(printPrefix(change.block.source), change.block)
        else if (change.change === "end") blocks.delete(printPrefix(change.block.source))
      }
      written = at
      return undefined
    },
    sync: (then) => then(undefined),
    syncNow: () => undefined,
    tidy() {},
    events: () => [],
    close() {},
  }
  return { store, blocks, written: () => written }
}

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text)
  if (isProblem(parsed)) throw new Error(parsed.message)
  return parsed
}

const pass = (seconds: number, set = 0) => {
  clock = { ...clock, wall: clock.wall + seconds + set, monotonic: clock.monotonic + seconds }
}

/** Source and seconds that are left, as the ledger and as the kernel say. */
function left(): { readonly ledger: readonly string[]; readonly kernel: readonly string[] } {
  const print = (source: string, seconds: number | null) =>
    `${source} ${seconds === null ? "for ever" : Math.round(seconds)}`
  return {
    ledger: book
      .blocked()
      .map(({ source, until }) =>
        print(source, until === null ? null : Date.parse(until) / 1000 - clock.wall),
      )
      .sort(),
    kernel: kernel
      .list()
      .map(({ source, remaining }) =>
        print(printPrefix(source).replace("/32", ""), remaining === null ? null : remaining / 1000),
      )
      .sort(),
  }
}

const both = (...lines: readonly string[]) => ({ ledger: lines, kernel: lines })

test.each([
  [10 * hour, "forward", "a request"],
  [10 * hour, "forward", "a tick"],
  [-10 * hour, "back", "a request"],
  [-10 * hour, "back", "a tick"],
])(
  "a clock that is set by %i s (%s; %s sees it first) ends no block and makes none longer",
  (set, way, first) => {
    book.block([prefix("192.0.2.1")], 600, "short")
    book.block([prefix("192.0.2.2")], hour, "long")
    book.block([prefix("192.0.2.3")], Number.POSITIVE_INFINITY, "ever")
    const puts = kernel.puts()
    pass(60, set)
    if (first === "a tick") book.tick()
    expect(left()).toEqual(both("192.0.2.1 540", "192.0.2.2 3540", "192.0.2.3 for ever"))
    expect(notices).toEqual([`the clock was set ${way} by 36000 s: blocks last as long as they did`])
    expect(kernel.puts()).toBe(puts)
    book.block([prefix("192.0.2.4")], 600, "after it")
    pass(541)
    book.tick()
    expect(left()).toEqual(both("192.0.2.2 2999", "192.0.2.3 for ever", "192.0.2.4 59"))
    pass(hour)
    book.tick()
    expect(left()).toEqual(both("192.0.2.3 for ever"))
    expect(notices).toHaveLength(1)
  },
)

test.each([10 * hour, -10 * hour])("nor one that is set by %i s while no guard runs", (set) => {
  book.block([prefix("192.0.2.1")], hour, "a test")
  book.close()
  pass(60, set)
  open()
  book.agree()
  expect(left()).toEqual(both("192.0.2.1 3540"))
})

test("what one process wrote after the clock was set is not moved again by the next", () => {
  book.block([prefix("192.0.2.1")], hour, "a test")
  pass(60, 10 * hour)
  book.block([prefix("192.0.2.2")], hour, "killed before its next tick")
  open()
  book.agree()
  expect(left()).toEqual(both("192.0.2.1 3540", "192.0.2.2 3600"))
})

test.each<[string, number, readonly string[]]>([
  ["ten minutes later", 600, ["192.0.2.1 3000"]],
  ["ten hours later", 10 * hour, []],
  ["before what was written last, as a machine without a battery begins", -5 * hour, ["192.0.2.1 3600"]],
])("after a reboot the clock is believed: %s", (_name, passed, expected) => {
  book.block([prefix("192.0.2.1")], hour, "a test")
  book.close()
  kernel.reboot()
  clock = { boot: "second", wall: clock.wall + passed, monotonic: 5 }
  open()
  book.agree()
  expect(left()).toEqual(both(...expected))
})

test("the time that detectors count in goes on whatever the clock is set to", () => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_700_000_000_000 })
  onTestFinished(() => {
    vi.useRealTimers()
  })
  const steady = steadyClock()
  const before = steady()
  expect(Math.abs(before - 1_700_000_000)).toBeLessThan(1)
  for (const hours of [-10, 10]) {
    vi.setSystemTime(1_700_000_000_000 + hours * 3_600_000)
    expect(steady()).toBeGreaterThanOrEqual(before)
    expect(steady() - before).toBeLessThan(5)
  }
})
