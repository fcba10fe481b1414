import type { StepKind } from "../kind.js"
import { CONTINUE } from "../runtime.js"
import { type Operand, operandToNft, typeOfAddress } from "./operand.js"

/** `dup to 192.0.2.1 device "eth1"`: a copy of the packet goes elsewhere; the packet itself goes on. */
export interface DuplicateNode {
  readonly step: "duplicate"
  /** Absent in netdev tables. */
  readonly address?: Operand
  readonly device?: Operand
}

export const duplicate: StepKind<DuplicateNode> = {
  name: "duplicate",
  toNft(node, write) {
    const device = node.device ? operandToNft(node.device, ["ifname"], write) : undefined
    if (!node.address) return `dup to ${device ?? ""}`
    const address = operandToNft(node.address, [typeOfAddress(node.address)], write)
    return `dup to ${address}${device === undefined ? "" : ` device ${device}`}`
  },
  compile: () => () => CONTINUE,
  manual: {
    title: "Copies",
    text: "Sends a copy of the packet to another host or out of another device. The packet itself goes on.",
    example: "dup to 192.0.2.1",
  },
}
