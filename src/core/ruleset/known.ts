import type { ExpressionNode } from "./node.js"
import type { PlainSort } from "./packet-sort.js"

/**
 * What is the same for all packets of one class, so that rules need ask it once and not of every packet (engine/selection.ts). Whoever looks at a class evaluates what is known
 * of it for its first packet.
 */
export interface Known {
  /** They are plain, and of one sort (packet-sort.ts). Null: their headers may be anything. */
  readonly plain: PlainSort | null
  /** Conntrack has seen them, and has given them one state. */
  readonly state: boolean
  /** They have connections, and go the same way in them: all are of the original direction, or all of the reply's. */
  readonly direction: boolean
  /** They come in and leave on the same interfaces. */
  readonly interfaces: boolean
  /** This set of the rule's table has no element now. Who assumes so is told when it gets one. */
  isEmpty(set: string): boolean
  /** Whether an expression has a value at all is the same for all of them, and to ask changes nothing. */
  presence(node: ExpressionNode): boolean
  /** Whether an expression's value (`mask`: what this leaves of it) is the same for all of them. */
  value(node: ExpressionNode, mask?: number): boolean
}
