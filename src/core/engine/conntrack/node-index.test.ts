import fc from "fast-check"
import { expect, test } from "vitest"
import { NodeIndex } from "./node-index.js"

/** The nodes with this hash, in the order in which a look-up meets them. */
function found({ slots, mask }: NodeIndex, hash: number): number[] {
  const nodes: number[] = []
  for (let at = (hash << 1) & mask; slots[at] !== 0; at = (at + 2) & mask)
    if (slots[at + 1] === hash) nodes.push(slots[at]! - 1)
  return nodes
}

test("nodes are found by their hash, the latest first, whatever was added and removed between", () => {
  const NODES = 24
  // Few hashes of few places, so that they stand in each other's way, around the array's end too.
  const hash = fc.constantFrom(0, 1, 2, 62, 63, -1, 64, 0x7fffffff, -0x80000000, 65)
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(NODES - 1), hash), { maxLength: 200 }), (steps) => {
      const index = new NodeIndex()
      index.reset(NODES)
      const hashes = new Map<number, number>()
      for (const [node, hash] of steps) {
        const known = hashes.get(node)
        if (known === undefined) {
          index.add(node, hash)
          hashes.set(node, hash)
        } else {
          index.remove(node, known)
          hashes.delete(node)
        }
      }
      for (const hash of new Set(steps.map(([, hash]) => hash))) {
        const expected = [...hashes].filter(([, each]) => each === hash).map(([node]) => node)
        expect(found(index, hash)).toEqual(expected.reverse())
      }
    }),
  )
})
