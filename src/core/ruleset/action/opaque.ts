import type { StepKind } from "../kind.js"
import { BREAK, CONTINUE } from "../runtime.js"

/** A statement that is read and printed, and whose work the engine cannot do: `xt match "x"`, `tunnel name "y"`, `ct timeout set "z"`. */
export interface OpaqueNode {
  readonly step: "opaque"
  /** nft's words for it. */
  readonly text: string
  /** What the engine assumes: the rule goes on, or does not match. */
  readonly assumes: "continue" | "break"
}

export const opaque: StepKind<OpaqueNode> = {
  name: "opaque",
  toNft: (node) => node.text,
  compile: ({ assumes }) => {
    const outcome = assumes === "continue" ? CONTINUE : BREAK
    return () => outcome
  },
  manual: {
    title: "What the engine cannot do",
    text: "Statements whose effect a replay cannot show, or that stand for a module nobody knows. Reading them tells what is assumed: that the rule goes on, or that it does not match.",
    example: 'ct timeout set "long"',
  },
}
