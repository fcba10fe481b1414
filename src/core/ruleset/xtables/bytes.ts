import type { Packet } from "../../packet/packet.js"
import { packetEnd } from "../expression/packet-end.js"
import { BREAK, DROP, type Outcome } from "../runtime.js"

/** Where the header behind those of IP begins, also where it is cut short, or is the middle of a fragmented datagram: what the kernel calls thoff. */
export function transportStart(packet: Packet): number {
  return packet.networkOffset + packet.networkHeaderLength
}

/** Whether so many bytes of the IP packet are there. */
export function hasBytes(packet: Packet, at: number, count: number): boolean {
  return at >= 0 && at + count <= packetEnd(packet)
}

/** What a match of xtables says of a header that is cut short: the kernel drops the packet (hotdrop). Where only the capture is, nobody knows, and nothing matches. */
export function cutShort(packet: Packet, at: number, count: number): Outcome {
  return at + count > packet.networkOffset + packet.networkLength ? DROP : BREAK
}
