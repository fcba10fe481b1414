import type { StepKind } from "../kind.js"
import { wordMatcherOf } from "../match/matcher.js"
import type { ExpressionNode, VerdictNode } from "../node.js"
import { BREAK, type Build, type Read, type Step } from "../runtime.js"
import { dataTypes, type TypeName } from "../type.js"
import type { Item } from "../value.js"
import { chainOf, outcomes, verdictToNft } from "./verdict.js"

/** `left vmap { a : drop, b : jump x }` or `left vmap @map`. No element: the rule ends without a verdict. */
export interface VerdictMapNode {
  readonly step: "verdict-map"
  readonly left: ExpressionNode
  readonly map: string | readonly VerdictMapEntry[]
}

interface VerdictMapEntry {
  readonly key: Item
  readonly verdict: VerdictNode
}

export const verdictMap: StepKind<VerdictMapNode> = {
  name: "verdict-map",
  toNft(node, write) {
    const types = write.types(node.left)
    const map =
      typeof node.map === "string"
        ? `@${node.map}`
        : `{ ${node.map.map((entry) => `${write.item(entry.key, types)} : ${verdictToNft(entry.verdict)}`).join(", ")} }`
    return `${write.expression(node.left)} vmap ${map}`
  },
  compile(node, build) {
    const read = build.read(node.left)
    const types = build.types(node.left)
    if (typeof node.map !== "string" && read && dataTypes[types[0]!] <= 16)
      return tableOf(read, node.map, types[0]!, build)
    const map =
      typeof node.map === "string"
        ? build.set(node.map)
        : build.anonymousSet({
            key: types,
            elements: node.map.map(({ key, verdict }) => ({ key, data: verdict })),
          })
    const load = build.load(node.left)
    return (packet, run) => (load(packet, run, 0) && map.contains(packet, run, 0) ? map.lastData(run) : BREAK)
  },
  requires: (node, requirementOf) => requirementOf(node.left),
  isKnown: ({ left, map }, known) => typeof map !== "string" && known.value(left),
  manual: {
    title: "Verdict maps",
    text: "One look-up that leads each value to its own verdict. Values without one go on behind the rule.",
    example: "tcp flags vmap { 0x0 : drop, fin | syn : drop }",
  },
}

/** Values of up to 16 bits, such as TCP flags and ports: one verdict for each. */
function tableOf(read: Read, entries: readonly VerdictMapEntry[], type: TypeName, build: Build): Step {
  const size = 2 ** dataTypes[type]
  const outcomeOf = new Uint8Array(size).fill(BREAK)
  const targetOf = new Int32Array(size).fill(-1)
  // What `*` stands for gives way to every other key.
  const ordered = [...entries].sort(
    (one, other) => Number("others" in other.key) - Number("others" in one.key),
  )
  for (const { key, verdict } of ordered) {
    const matches = wordMatcherOf(key, type, build)
    const target = chainOf(verdict, build)
    for (let value = 0; value < size; value++) {
      if (!matches(value)) continue
      outcomeOf[value] = outcomes[verdict.verdict]
      targetOf[value] = target
    }
  }
  return (packet, run) => {
    const value = read(packet, run)
    if (value < 0) return BREAK
    run.target = targetOf[value]!
    return outcomeOf[value]!
  }
}
