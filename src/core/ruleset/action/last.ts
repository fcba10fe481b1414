import type { StepKind } from "../kind.js"
import { CONTINUE } from "../runtime.js"

/** Remembers when the last packet came so far; always goes on. */
export interface LastNode {
  readonly step: "last"
}

export const last: StepKind<LastNode> = {
  name: "last",
  toNft: () => "last",
  compile(_node, build) {
    const place = build.slots(1)
    return (_packet, run) => {
      run.state[run.stateBase + place] = run.now
      return CONTINUE
    }
  },
  manual: {
    title: "Last use",
    text: "Remembers when the last packet came so far in the rule.",
    example: "last accept",
  },
}
