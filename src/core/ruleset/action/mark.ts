import type { StepKind } from "../kind.js"
import { literalToNft } from "../notation.js"
import { CONTINUE } from "../runtime.js"

/** `meta mark set …` or `ct mark set …`: writes a number on the packet or its connection; always goes on. */
export interface MarkNode {
  readonly step: "mark"
  readonly on: "meta" | "ct"
  readonly value: number
}

export const mark: StepKind<MarkNode> = {
  name: "mark",
  toNft: (node) => `${node.on} mark set ${literalToNft([node.value], "mark")}`,
  needsConntrack: ({ on }) => on === "ct",
  compile({ on, value }) {
    if (on === "meta") {
      return (_packet, run) => {
        run.mark = value
        return CONTINUE
      }
    }
    return (_packet, run) => {
      if (run.connection) run.connection.mark = value
      return CONTINUE
    }
  },
  manual: {
    title: "Marks",
    text: "Writes a number on the packet, or on its connection where it has one, for later rules and for routing.",
    example: "meta mark set 0x00000010",
  },
}
