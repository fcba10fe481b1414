import type { StepKind } from "../kind.js"
import type { ExpressionNode } from "../node.js"
import { isBitType } from "../notation.js"
import { BREAK, type Build, CONTINUE, type Read, type Step } from "../runtime.js"
import { dataTypes, type TypeName } from "../type.js"
import type { Item } from "../value.js"
import { type WordMatcher, wordMatcherOf } from "./matcher.js"

/** `left @set` or `left { a, b }`. Finding an element runs the statements it carries, as the kernel does: a spent limit there makes the look-up fail. */
export interface LookupNode {
  readonly step: "lookup"
  readonly left: ExpressionNode
  readonly negated: boolean
  /** A named set, or the elements of an anonymous one. */
  readonly set: string | readonly Item[]
}

export const lookup: StepKind<LookupNode> = {
  name: "lookup",
  toNft(node, write) {
    const types = write.types(node.left)
    const isNamed = typeof node.set === "string"
    const right = isNamed
      ? `@${node.set}`
      : `{ ${(node.set as readonly Item[]).map((item) => write.item(item, types)).join(", ")} }`
    // Behind a mask nft lists `==`; without it bits in a set would be read as one of them. nft 1.0.6 takes a set of one element for that element, and `tcp flags { syn }` for
    // a test of the bit.
    const isBits = isBitType(types[0]!) && (isOperation(node.left) || (!isNamed && node.set.length === 1))
    const equals = isBits || (isOperation(node.left) && isNamed) ? "== " : ""
    return `${write.expression(node.left)} ${node.negated ? "!= " : equals}${right}`
  },
  compile(node, build) {
    const { negated, set } = node
    const read = build.read(node.left)
    const types = build.types(node.left)
    if (typeof set !== "string" && read) {
      const inline = inlineOf(set, types[0]!, build)
      if (inline) return lookupInline(read, inline, negated)
    }
    const elements = typeof set === "string" ? undefined : set.map((key) => ({ key }))
    const found = elements ? build.anonymousSet({ key: types, elements }) : build.set(set as string)
    const load = build.load(node.left)
    // `!= @set` ends the rule where an element is found, before the kernel runs its statements (nft_lookup_eval; looked at on Linux 6.18).
    if (negated) return (packet, run) => (load(packet, run, 0) && !found.has(run, 0) ? CONTINUE : BREAK)
    return (packet, run) => (load(packet, run, 0) && found.contains(packet, run, 0) ? CONTINUE : BREAK)
  },
  requires: (node, requirementOf) => requirementOf(node.left),
  // Nothing is found in an empty set, whatever is looked for.
  isKnown: ({ left, set }, known) =>
    typeof set === "string" ? known.presence(left) && known.isEmpty(set) : known.value(left),
  // What is found may carry a limit.
  isQuestion: (node) => node.negated || typeof node.set !== "string",
  guard({ left, set }, build) {
    const found = build.set(set as string)
    const load = build.load(left)
    return (packet, run) => (load(packet, run, 0) && found.has(run, 0) ? CONTINUE : BREAK)
  },
  manual: {
    title: "Set look-ups",
    text: "Whether a value is in a set. Where the set's elements carry a limit or a count, finding one runs it.",
    example: "ip saddr @blocked4 drop",
  },
}

function isOperation(node: ExpressionNode): boolean {
  return node.expression === "and" || node.expression === "binary"
}

function lookupInline(read: Read, matches: WordMatcher, negated: boolean): Step {
  return (packet, run) => {
    const value = read(packet, run)
    return value >= 0 && matches(value) !== negated ? CONTINUE : BREAK
  }
}

const fewItems = 4

/** A short list is tried item by item; values of up to 16 bits become a table. Others go to the engine's sets. */
function inlineOf(items: readonly Item[], type: TypeName, build: Build): WordMatcher | undefined {
  const matchers = items.map((item) => wordMatcherOf(item, type, build))
  if (matchers.length <= fewItems) {
    return (value) => {
      for (let index = 0; index < matchers.length; index++) if (matchers[index]!(value)) return true
      return false
    }
  }
  const width = dataTypes[type]
  if (width > 16) return undefined
  const table = Uint8Array.from({ length: 2 ** width }, (_, value) =>
    matchers.some((matches) => matches(value)) ? 1 : 0,
  )
  return (value) => table[value] === 1
}
