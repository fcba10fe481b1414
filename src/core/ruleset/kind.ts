import type { ExpressionNode, StepNode } from "./node.js"
import type { Build, Load, Step } from "./runtime.js"
import type { TypeName } from "./type.js"

/** A backend cannot say this, and why. */
export interface Unsupported {
  readonly unsupported: string
}

/** For people: the entry in the generated reference. */
export interface ManualEntry {
  readonly title: string
  /** What it matches or does, in a sentence or two. */
  readonly text: string
  /** nft text. */
  readonly example: string
}

/** One kind of expression answers for itself: how it is written, what it is worth in the engine, what its manual says. */
export interface ExpressionKind<Node extends ExpressionNode> {
  readonly name: Node["expression"]
  /** The types of its value: several for a concatenation. */
  types(node: Node): readonly TypeName[]
  toNft(node: Node): string
  load(node: Node, build: Build): Load
  readonly manual: ManualEntry
}

/** One kind of match or action answers for itself. */
export interface StepKind<Node extends StepNode> {
  readonly name: Node["step"]
  toNft(node: Node): string | Unsupported
  compile(node: Node, build: Build): Step
  readonly manual: ManualEntry
}
