import { expect, onTestFinished, test } from "vitest"
import { type KernelBlock, openKernelBlocks } from "../../src/linux/daemon/kernel-blocks.js"
import { createLaboratory } from "../../src/linux/host/namespace/laboratory.js"
import { failed } from "../../src/linux/host/outcome.js"
import { needsKernel } from "./support/kernel-test.js"

const sets = ["", "-new", "-networks"].flatMap((kind) =>
  [4, 6].map(
    (family) =>
      `set blocked${kind}${family} { type ipv${family}_addr; flags timeout${kind === "-networks" ? ",interval" : ",dynamic"}; counter; }`,
  ),
)

/** Two in three are hosts of IPv4, some stay for ever, one in five is kept from opening alone. */
const hosts = Array.from({ length: 1500 }, (_, index): KernelBlock => {
  const isLong = index % 3 === 0
  return {
    source: {
      address: {
        family: isLong ? 6 : 4,
        words: isLong ? [0x20010db8, index, 0, 0] : [0x0a000000 + index * 7],
      },
      length: isLong ? 64 : 32,
    },
    scope: index % 5 === 0 ? "new-connections" : "everything",
    remaining: index % 7 === 0 ? null : 600_000 + index * 1000,
  }
})

test("asking for hosts tells what a listing tells, as long as nobody else is there and nobody is missing", (context) => {
  needsKernel(context)
  const laboratory = createLaboratory()
  onTestFinished(() => laboratory.close())
  const { firewall } = laboratory
  firewall.nft(`table inet floodwall {\n${sets.join("\n")}\n}\n`)
  const opened = firewall.namespace.inside(() => openKernelBlocks("floodwall"))
  if (failed(opened)) throw new Error("netlink")
  const kernel = opened.value
  onTestFinished(() => kernel.close())
  const count = kernel.countHosts()
  if (count === undefined)
    return context.skip("before Linux 6.17 sets do not tell how many elements they have")
  expect([count, kernel.remaining(hosts)?.every(Number.isNaN)]).toEqual([0, true])
  expect(kernel.add(hosts)).toBe(0)
  expect(kernel.countHosts()).toBe(hosts.length)
  const nameOf = ({ source, scope }: Pick<KernelBlock, "source" | "scope">) =>
    `${scope} ${source.address.words.join(".")}`
  const listed = kernel.list()
  if (failed(listed)) throw new Error("listing")
  const left = new Map(listed.value.map((each) => [nameOf(each), each.remaining]))
  const told = kernel.remaining(hosts)
  for (const [index, host] of hosts.entries()) {
    const expected = left.get(nameOf(host)) ?? Number.POSITIVE_INFINITY
    if (!Number.isFinite(expected)) expect([index, told?.[index]]).toEqual([index, expected])
    else expect(Math.abs((told?.[index] ?? 0) - expected)).toBeLessThan(30_000)
  }
  expect(new Set(told).size).toBeGreaterThan(500)

  firewall.nft("add element inet floodwall blocked4 { 192.0.2.99 }\n")
  expect(kernel.remaining(hosts)).toBeUndefined()
  // As many, and one of them somebody else.
  kernel.remove([hosts.find(({ scope, source }) => scope === "everything" && source.address.family === 4)!])
  expect([kernel.countHosts(), kernel.remaining(hosts)]).toEqual([hosts.length, undefined])
})
