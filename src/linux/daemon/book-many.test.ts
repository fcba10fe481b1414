import { expect, test } from "vitest"
import { isProblem } from "../../core/base/diagnostic.js"
import { type Prefix, parsePrefix, printPrefix } from "../../core/base/prefix.js"
import { ledgerDefaults } from "../../core/block/ledger.js"
import { done } from "../host/outcome.js"
import { Book } from "./book.js"
import type { CountedBlock, KernelBlocks } from "./kernel-blocks.js"
import type { Store } from "./store.js"

/** A book, and how often the disk was asked to keep something. */
function openCounting() {
  const elements = new Map<string, CountedBlock>()
  const asked = { writes: 0, syncs: 0, listings: 0 }
  const store: Store = {
    blocks: [],
    pasts: [],
    clock: undefined,
    write() {
      asked.writes++
      return undefined
    },
    sync: (then) => then(undefined),
    syncNow() {
      asked.syncs++
      return undefined
    },
    tidy() {},
    events: () => [],
    close() {},
  }
  const put: KernelBlocks["put"] = (blocks) => {
    for (const block of blocks)
      elements.set(nameOf(block), { ...block, given: block.remaining, packets: 0, bytes: 0 })
    return 0
  }
  const kernel: KernelBlocks = {
    add: put,
    put,
    remove(gone) {
      for (const block of gone) elements.delete(nameOf(block))
      return 0
    },
    list() {
      asked.listings++
      return done([...elements.values()])
    },
    remaining: () => undefined,
    countHosts: () => undefined,
    lookUpNetworks() {},
    port: 1,
    close() {},
  }
  const book = new Book({
    store,
    kernel,
    clock: () => ({ boot: "first", wall: 1_700_000_000, monotonic: 1000 }),
    settings: ledgerDefaults,
    neverBlocked: (source) => (printPrefix(source) === "192.0.2.1" ? "it is a gateway" : undefined),
    notice: () => {},
  })
  const count = (source: string, packets: number) => {
    for (const [name, element] of elements)
      if (printPrefix(element.source) === source) elements.set(name, { ...element, packets })
  }
  const inKernel = () => [...elements.values()].map(({ source }) => printPrefix(source)).sort()
  return { book, asked, count, inKernel }
}

function nameOf({ source, scope }: Pick<CountedBlock, "source" | "scope">): string {
  return `${scope} ${printPrefix(source)}`
}

function prefixes(...texts: readonly string[]): readonly Prefix[] {
  return texts.map((text) => {
    const parsed = parsePrefix(text)
    if (isProblem(parsed)) throw new Error(parsed.message)
    return parsed
  })
}

test("a thousand hosts are one transaction and one sync, for blocking and for letting in", () => {
  const { book, asked, inKernel } = openCounting()
  const hosts = prefixes(...Array.from({ length: 1000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`))
  expect(book.block(hosts, 600, "a list").every(({ result }) => result === "blocked")).toBe(true)
  expect([asked, inKernel().length]).toEqual([{ writes: 1, syncs: 1, listings: 0 }, 1000])
  expect(book.block(hosts, 600, "again").every(({ result }) => result === "longer")).toBe(true)
  expect([asked, inKernel().length]).toEqual([{ writes: 2, syncs: 2, listings: 1 }, 1000])
  expect(book.unblock(hosts)).toHaveLength(1000)
  expect([asked.writes, asked.syncs, inKernel()]).toEqual([3, 3, []])
})

test("each host of a list has its own answer, one that is named twice has two, and what was dropped before goes on counting", () => {
  const { book, count, inKernel } = openCounting()
  const words = ["198.51.100.7", "192.0.2.1", "198.51.100.7", "203.0.113.0/24", "203.0.113.9"]
  const results = book
    .block(prefixes(...words), 600, "a list")
    .map(({ source, result }) => `${source} ${result}`)
  expect(results).toEqual([
    "198.51.100.7 blocked",
    "192.0.2.1 refused",
    "198.51.100.7 longer",
    "203.0.113.0/24 blocked",
    "203.0.113.9 blocked",
  ])
  expect(inKernel()).toEqual(["198.51.100.7", "203.0.113.0/24", "203.0.113.9"])
  count("198.51.100.7", 5)
  book.block(prefixes("198.51.100.7"), 600, "again")
  count("198.51.100.7", 2)
  expect(book.blocked().find(({ source }) => source === "198.51.100.7")?.droppedPackets).toBe(7)
  expect(
    book
      .unblock(prefixes("203.0.113.0/24", "203.0.113.9", "198.51.100.8", "198.51.100.7"))
      .map(({ source, result }) => `${source} ${result}`),
  ).toEqual([
    "203.0.113.0/24 unblocked",
    "203.0.113.9 unblocked",
    "203.0.113.9 not-listed",
    "198.51.100.8 not-listed",
    "198.51.100.7 unblocked",
  ])
  expect(inKernel()).toEqual([])
})
