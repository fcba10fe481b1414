import { DCCP, type Packet } from "../../packet/packet.js"
import type { ExpressionKind } from "../kind.js"
import { oneWord, type Read } from "../runtime.js"
import { nftProtocol } from "./nft-protocol.js"
import { packetEnd } from "./packet-end.js"

/** Whether a DCCP packet carries an option: `dccp option 43 exists`. */
export interface DccpOptionNode {
  readonly expression: "dccp-option"
  readonly option: number
}

export const dccpOption: ExpressionKind<DccpOptionNode> = {
  name: "dccp-option",
  types: () => ["boolean"],
  bits: () => 1,
  toNft: (node) => `dccp option ${node.option}`,
  read: readOf,
  load: (node) => oneWord(readOf(node)),
  manual: {
    title: "DCCP options",
    text: "Whether a DCCP packet carries an option of a number.",
    example: "dccp option 43 exists",
  },
}

function readOf(node: DccpOptionNode): Read {
  return (packet) => (nftProtocol(packet) === DCCP && has(packet, node.option) ? 1 : 0)
}

/** Where options begin in packets of each type, from 0 on (RFC 4340, 5); sequence numbers are 48 bits long where X is set, and only such headers are looked at. */
const optionsAt = [20, 28, 16, 24, 24, 24, 24, 28, 24, 24]

function has(packet: Packet, option: number): boolean {
  const start = packet.transportOffset
  if (start < 0 || packet.fragmentOffset > 0 || start + 16 > packetEnd(packet)) return false
  const { view } = packet
  const isLong = (view.getUint8(start + 8) & 1) === 1
  const type = (view.getUint8(start + 8) >>> 1) & 15
  const first = optionsAt[type]
  if (!isLong || first === undefined) return false
  const end = Math.min(packetEnd(packet), start + view.getUint8(start + 4) * 4)
  let at = start + first
  while (at < end) {
    const kind = view.getUint8(at)
    if (kind === option) return true
    // Options below 32 are one byte long.
    const length = kind < 32 ? 1 : at + 1 < end ? view.getUint8(at + 1) : 0
    if (length < 1) return false
    at += length
  }
  return false
}
