import type { StepKind } from "../kind.js"
import { ACCEPT, DROP } from "../runtime.js"
import { type Operand, operandToNft } from "./operand.js"

/** `queue flags bypass to 1-3`: a program in user space judges the packet. */
export interface QueueNode {
  readonly step: "queue"
  /** One queue, or several that packets are spread over; absent: queue 0. */
  readonly number?: Operand
  /** `bypass`: accepted where no program listens. `fanout`: spread by processor. */
  readonly flags?: readonly ("bypass" | "fanout")[]
}

/** No program listens to a replay: then the kernel drops, or with `bypass` accepts (nft(8), QUEUE STATEMENT). */
export const queue: StepKind<QueueNode> = {
  name: "queue",
  toNft(node, write) {
    const flags = node.flags && node.flags.length > 0 ? ` flags ${node.flags.join(",")}` : ""
    return `queue${flags} to ${node.number ? operandToNft(node.number, ["inet_service"], write) : "0"}`
  },
  compile(node) {
    const outcome = node.flags?.includes("bypass") ? ACCEPT : DROP
    return () => outcome
  },
  manual: {
    title: "Queues to user space",
    text: "Hands the packet to a program. The engine has none: the packet is dropped, or with `bypass` accepted, as the kernel does where nothing listens.",
    example: "queue flags bypass to 0",
  },
}
