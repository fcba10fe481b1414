import { ctState } from "../expression/ct.js"
import type { StepKind } from "../kind.js"
import { CONTINUE } from "../runtime.js"

/** Conntrack leaves the packet alone; before conntrack. Behind it, a packet that has no connection (an invalid one) is untracked from here on (Linux 6.18, looked at). */
export interface NotrackNode {
  readonly step: "notrack"
}

export const notrack: StepKind<NotrackNode> = {
  name: "notrack",
  toNft: () => "notrack",
  compile: () => (_packet, run) => {
    if (!run.tracked) run.untrack = true
    else if (!run.connection) run.ctState = ctState.untracked
    return CONTINUE
  },
  changesState: () => true,
  manual: {
    title: "No tracking",
    text: "Conntrack leaves the packet alone: its state is untracked. Only before conntrack.",
    example: "udp dport 53 notrack",
  },
}
