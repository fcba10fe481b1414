import type { StepKind } from "../kind.js"
import { CONTINUE } from "../runtime.js"

/** Conntrack leaves the packet alone; only before conntrack. */
export interface NotrackNode {
  readonly step: "notrack"
}

export const notrack: StepKind<NotrackNode> = {
  name: "notrack",
  toNft: () => "notrack",
  compile: () => (_packet, run) => {
    if (!run.tracked) run.untrack = true
    return CONTINUE
  },
  manual: {
    title: "No tracking",
    text: "Conntrack leaves the packet alone: its state is untracked. Only before conntrack.",
    example: "udp dport 53 notrack",
  },
}
