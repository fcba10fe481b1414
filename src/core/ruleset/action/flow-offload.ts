import type { StepKind } from "../kind.js"
import { CONTINUE } from "../runtime.js"

/** `flow add @table`: the kernel forwards the connection's further packets past the rules. */
export interface FlowOffloadNode {
  readonly step: "flow-offload"
  readonly flowtable: string
}

/** The engine shows every packet to the rules: offloaded packets are those of connections that this rule had let pass. */
export const flowOffload: StepKind<FlowOffloadNode> = {
  name: "flow-offload",
  toNft: (node) => `flow add @${node.flowtable}`,
  assumes: () =>
    "packets of connections that the kernel forwards by itself are shown to the rules all the same",
  needsConntrack: () => true,
  compile: () => () => CONTINUE,
  manual: {
    title: "Flow offload",
    text: "Puts a connection into a flowtable, whose packets the kernel forwards without asking the rules again.",
    example: "ct state established flow add @fast",
  },
}
