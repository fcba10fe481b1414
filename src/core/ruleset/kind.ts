import type { Known } from "./known.js"
import type { ExpressionNode, StepNode } from "./node.js"
import type { Notation } from "./notation.js"
import type { Requirement } from "./requirement.js"
import type { Build, Load, Read, Step } from "./runtime.js"
import type { TypeName } from "./type.js"
import type { Item } from "./value.js"

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

/** What a node may ask for while it is written as nft text: how the nodes and values inside it are written. */
export interface Writer {
  expression(node: ExpressionNode): string
  step(node: StepNode): string | Unsupported
  types(node: ExpressionNode): readonly TypeName[]
  readonly notation: Notation
  /** A value in the notation of its types: `192.0.2.0/24`, `"eth0"`, `established`, `22-25`. */
  item(item: Item, types: readonly TypeName[]): string
}

/** One kind of expression answers for itself: how it is written, what it is worth in the engine, what its manual says. */
export interface ExpressionKind<Node extends ExpressionNode> {
  readonly name: Node["expression"]
  /** The types of its value: several for a concatenation. */
  types(node: Node, typesOf: (node: ExpressionNode) => readonly TypeName[]): readonly TypeName[]
  toNft(node: Node, write: Writer): string
  /** How many bits its value has, where they are fewer (or more) than its type's. */
  bits?(node: Node, bitsOf: (node: ExpressionNode) => number): number
  /** What the engine cannot know of it and assumes, in half a sentence; undefined: it knows. */
  assumes?(node: Node): string | undefined
  load(node: Node, build: Build): Load
  /** The short way where the value is one word. */
  read?(node: Node, build: Build): Read | undefined
  /**
   * What a packet must be for the expression to have a value, and (`equals`) this one. To say it is to say as well that asking changes nothing. Absent
   * or undefined: nothing is known, or it does.
   */
  requires?(
    node: Node,
    requirementOf: (node: ExpressionNode) => Requirement | undefined,
    equals?: number,
  ): Requirement | undefined
  /**
   * Its value (`mask`: what this leaves of it), or that it has none, is the same for all packets of which this is known (known.ts), whatever else they
   * are and whatever has come before. Absent: it is not.
   */
  isKnown?(node: Node, known: Known, mask?: number): boolean
  /** Whether it has a value at all is the same for all packets of which this is known, and to ask changes nothing. Absent: it is not, unless `isKnown` says so. */
  hasKnownPresence?(node: Node, known: Known): boolean
  /** The kernel turns conntrack (and defragmentation with it) on for such a node. Absent: it does not. */
  needsConntrack?(node: Node): boolean
  readonly manual: ManualEntry
}

/** One kind of match or action answers for itself. */
export interface StepKind<Node extends StepNode> {
  readonly name: Node["step"]
  toNft(node: Node, write: Writer): string | Unsupported
  compile(node: Node, build: Build): Step
  /** What a packet must be for the step to do or match anything, known before any packet is there. Absent or undefined: nothing is known. */
  requires?(
    node: Node,
    requirementOf: (node: ExpressionNode, equals?: number) => Requirement | undefined,
  ): Requirement | undefined
  /** What the engine cannot do of it and assumes, in half a sentence; undefined: it does all. Of the node itself: what is inside answers for itself. */
  assumes?(node: Node): string | undefined
  /**
   * What it says is the same for all packets of which this is known (known.ts), and to ask changes nothing but `run.target`. Absent: it is not.
   */
  isKnown?(node: Node, known: Known): boolean
  /** It may write what a packet's sort is made of: its TCP flags, its protocol. Absent: it does not. */
  changesSort?(node: Node): boolean
  /** Behind conntrack it may write the packet's state. Absent: it does not. */
  changesState?(node: Node): boolean
  /** True: it only answers, nothing remembers that it was asked. Only behind such steps a later one's requirement is the rule's. */
  isQuestion?(node: Node): boolean
  /** Of a step that is no question: one that is, and says BREAK of packets of which this one says BREAK at once, changing nothing; of others CONTINUE. Absent or undefined: there is none. */
  guard?(node: Node, build: Build): Step | undefined
  /** The kernel turns conntrack (and defragmentation with it) on for such a node. Absent: it does not. */
  needsConntrack?(node: Node): boolean
  /** It needs conntrack, and does its work before it too: it says what conntrack shall do, or looks connections up by itself. */
  worksBeforeConntrack?(node: Node): boolean
  readonly manual: ManualEntry
}
