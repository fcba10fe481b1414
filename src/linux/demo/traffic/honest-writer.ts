import { buildPacket } from "../../../core/packet/build.js"
import type { PacketDescription } from "../../../core/packet/description.js"
import { fragmentPacket } from "../../../core/packet/fragment.js"
import { LINKTYPE_ETHERNET } from "../../../core/packet/link-type.js"
import type { ActWriter, Side, World } from "./act.js"

/** Writes one kind of honest traffic, between hosts outside, the firewall and hosts inside. */
export type Writer = (world: World, writer: ActWriter) => void

export const MILLISECOND = 1e6

interface Datagram {
  readonly from: Side
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
  readonly length: number
}

export function datagram(
  writer: ActWriter,
  { from, source, sourcePort, destination, destinationPort, length }: Datagram,
): void {
  const whole = writer.numbered({
    source,
    destination,
    udp: { sourcePort, destinationPort },
    payload: length,
  })
  fragments(writer, from, whole)
}

/** As its sender's kernel would cut it for an MTU of 1500. */
export function fragments(writer: ActWriter, from: Side, whole: PacketDescription): void {
  const bytes = buildPacket(whole)
  if (bytes.length <= 1514) writer.bytes(from, bytes)
  else
    for (const piece of fragmentPacket(bytes, LINKTYPE_ETHERNET, 1440, whole.identification))
      writer.bytes(from, piece)
  writer.wait(MILLISECOND / 10)
}
