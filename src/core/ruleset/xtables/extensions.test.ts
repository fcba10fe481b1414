import { expect, test } from "vitest"
import { extensions, findExtension } from "./extensions.js"
import { matchStep, outcomes } from "./step-fixture.js"

const packet = { tcp: { sourcePort: 1024, destinationPort: 80, flags: 2 } }

// docs/model-gaps.md names them.
test.each([
  ["owner", "--uid-owner 0"],
  ["socket", "--transparent"],
  ["cgroup", "--cgroup 1"],
  ["osf", "--genre Linux"],
  ["rateest", "--rateest RE1 --rateest-lt --rateest-bps 8bit"],
  ["cluster", "--cluster-total-nodes 2 --cluster-local-node 1 --cluster-hash-seed 1"],
  ["ipvs", "--ipvs"],
])("-m %s %s never matches, and says so", (name, text) => {
  const extension = findExtension("match", name, 4)!
  expect(extension.assumes).toBe("it never matches")
  expect(outcomes([matchStep(extension, text)], [packet])).toBe(".")
})

test("no match is taken for granted without saying so", () => {
  const silent = extensions.filter(({ role, compile, assumes }) => {
    if (role !== "match" || assumes !== undefined) return false
    return compile.toString().includes("neverMatches")
  })
  expect(silent.map(({ name }) => name)).toEqual([])
})
