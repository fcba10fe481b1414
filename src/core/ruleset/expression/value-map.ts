import type { ExpressionKind } from "../kind.js"
import type { ExpressionNode } from "../node.js"
import type { Build, Load } from "../runtime.js"
import { type TypeName, wordsOf } from "../type.js"
import type { Item } from "../value.js"

/** `left map { a : x, b : y }` or `left map @name`: what the map has for the value. No element: it cannot be evaluated. */
export interface ValueMapNode {
  readonly expression: "map"
  readonly left: ExpressionNode
  readonly map: string | readonly ValueMapEntry[]
  /** Of the map's data: several for a concatenation. */
  readonly types: readonly TypeName[]
}

export interface ValueMapEntry {
  readonly key: Item
  readonly data: Item
}

export const valueMap: ExpressionKind<ValueMapNode> = {
  name: "map",
  types: (node) => node.types,
  toNft(node, write) {
    const types = write.types(node.left)
    const map =
      typeof node.map === "string"
        ? `@${node.map}`
        : `{ ${node.map.map(({ key, data }) => `${write.item(key, types)} : ${write.item(data, node.types)}`).join(", ")} }`
    return `${write.expression(node.left)} map ${map}`
  },
  load: loadOf,
  read(node, build) {
    if (node.types.length !== 1 || wordsOf(node.types[0]!) !== 1) return undefined
    const load = loadOf(node, build)
    // The key is looked up where nested look-ups have their room.
    return (packet, run) => (load(packet, run, SCRATCH) ? run.registers[SCRATCH]! : -1)
  },
  manual: {
    title: "Maps",
    text: "What a map has for a value: a mark by source, an address by port. A packet whose value is not in the map does not match.",
    example: "meta mark set tcp dport map { 22 : 0x00000001, 80 : 0x00000002 }",
  },
}

/** Behind the words that a rule's own look-ups use. */
const SCRATCH = 16

function loadOf(node: ValueMapNode, build: Build): Load {
  const key = build.load(node.left)
  const map =
    typeof node.map === "string"
      ? build.set(node.map)
      : build.anonymousSet({
          key: build.types(node.left),
          elements: node.map.map((entry) => ({ key: entry.key, data: wordsIn(entry.data, build) })),
        })
  const words = node.types.reduce((sum, type) => sum + wordsOf(type), 0)
  return (packet, run, at) => {
    if (!key(packet, run, at) || !map.contains(packet, run, at)) return false
    if (words === 1) run.registers[at] = map.lastData(run)
    else map.copyData(run, at)
    return true
  }
}

/** A range's first value: one of those that the kernel may take. */
function wordsIn(item: Item, build: Build): readonly number[] {
  if ("parts" in item) return item.parts.flatMap((part) => wordsIn(part, build))
  if ("others" in item) return []
  const literal = "value" in item ? item.value : "from" in item ? item.from : item.prefix
  return typeof literal === "string" ? [build.interfaces(literal)[0] ?? 0] : literal
}
