import { lengthOf } from "../expression/meta.js"
import type { StepKind } from "../kind.js"
import { CONTINUE } from "../runtime.js"

/** Counts packets and bytes; always goes on. */
export interface CounterNode {
  readonly step: "counter"
}

export const counter: StepKind<CounterNode> = {
  name: "counter",
  toNft: () => "counter",
  compile(_node, build) {
    const place = build.slots(2)
    return (packet, run) => {
      const at = run.stateBase + place
      run.state[at]! += 1
      run.state[at + 1]! += lengthOf(packet, run)
      return CONTINUE
    }
  },
  manual: {
    title: "Counters",
    text: "Counts the packets that come so far in the rule, and their bytes from the IP header on.",
    example: "counter drop",
  },
}
