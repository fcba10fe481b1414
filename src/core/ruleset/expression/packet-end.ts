import type { Packet } from "../../packet/packet.js"

/** One byte behind the last that was captured of the packet. */
export function capturedEnd(packet: Packet): number {
  return packet.frameOffset + packet.capturedLength
}

/** One byte behind the last that belongs to the IP packet and was captured: a frame's padding is none of it. */
export function packetEnd(packet: Packet): number {
  const captured = capturedEnd(packet)
  return packet.family === 0 ? captured : Math.min(captured, packet.networkOffset + packet.networkLength)
}
