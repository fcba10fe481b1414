import { Packet } from "./packet.js"

/**
 * A packet of its own: every field, and the frame's bytes in a buffer that nobody else has. What `decode` filled is gone with the
 * next packet; this stays.
 */
export function copyPacket(packet: Packet): Packet {
  const { view, frameOffset, capturedLength } = packet
  const bytes = new Uint8Array(view.buffer, view.byteOffset + frameOffset, capturedLength).slice()
  const copy = Object.assign(new Packet(), packet)
  copy.view = new DataView(bytes.buffer)
  for (const field of offsetFields) if (packet[field] >= 0) copy[field] = packet[field] - frameOffset
  if (packet.malformed !== 0) copy.malformedOffset = packet.malformedOffset - frameOffset
  return copy
}

/** All fields that count bytes from the start of the view. */
const offsetFields = [
  "frameOffset",
  "destinationMacOffset",
  "sourceMacOffset",
  "nflogPrefixOffset",
  "networkOffset",
  "transportOffset",
  "transportStart",
  "payloadOffset",
  "payloadEnd",
] as const
