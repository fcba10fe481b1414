import { expect, test } from "vitest"
import type { Block } from "../../core/block/block.js"
import { done } from "../host/outcome.js"
import { KernelAgreement } from "./kernel-agreement.js"
import type { KernelBlock, KernelBlocks } from "./kernel-blocks.js"

const NOW = 1_700_000_000
const END = NOW + 600

/** A kernel whose sets of hosts say what is left of each, and what was done to it. */
function openAsked(left: (index: number) => number, count: number | undefined) {
  const asked: string[] = []
  const said = (way: string) => (blocks: readonly KernelBlock[]) => {
    asked.push(`${way} ${blocks.map(({ source }) => source.address.words[0]! & 0xffff).join(" ")}`)
    return 0
  }
  const kernel: KernelBlocks = {
    add: said("add"),
    put: said("put"),
    remove: () => 0,
    list(which = "all") {
      asked.push(`list ${which}`)
      return done([])
    },
    remaining: (hosts) => Float64Array.from(hosts, (_, index) => left(index)),
    countHosts: () => count,
    lookUpNetworks() {},
    port: 1,
    close() {},
  }
  return { kernel, asked }
}

function hosts(count: number): readonly Block[] {
  return Array.from({ length: count }, (_, index) => ({
    source: { address: { family: 4, words: [0x0a000000 + index] }, length: 32 },
    scope: "everything",
    by: "detector",
    kind: "port-scan",
    why: "a test",
    since: NOW,
    until: END,
    times: 1,
    droppedPackets: 0,
    droppedBytes: 0,
  }))
}

test("of many hosts the kernel is asked for each: who is missing is added, who has another time is put anew", () => {
  const left = (index: number) => (index === 3 ? Number.NaN : index === 5 ? 60_000 : 600_500)
  const { kernel, asked } = openAsked(left, undefined)
  const agreement = new KernelAgreement(
    kernel,
    () => hosts(20_000),
    () => {},
  )
  const known = agreement.knownHosts()
  expect(known?.blocks.length).toBe(20_000)
  expect(agreement.agree(agreement.list("networks") ?? [], NOW, 0, known)).toBe(2)
  expect(asked).toEqual(["list networks", "add 3", "put 5"])
})

test("few are listed, and more than the sets have room for", () => {
  for (const count of [19_999, 131_073]) {
    const { kernel } = openAsked(() => Number.NaN, 0)
    const agreement = new KernelAgreement(
      kernel,
      () => hosts(count),
      () => {},
    )
    expect([count, agreement.knownHosts()]).toEqual([count, undefined])
  }
})

test.each<[ledger: number, kernel: number | undefined, may: boolean]>([
  [100, 100, true],
  [20_000, 20_000, false],
  [20_000, 19_999, false],
  [20_000, 20_001, true],
  [20_000, undefined, true],
])("with %i in the ledger and %s in the kernel, rules may have listed somebody: %s", (ledger, count, may) => {
  const { kernel } = openAsked(() => Number.NaN, count)
  const agreement = new KernelAgreement(
    kernel,
    () => hosts(ledger),
    () => {},
  )
  expect(agreement.mayHaveMore()).toBe(may)
})
