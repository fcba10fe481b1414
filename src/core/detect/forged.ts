import type { PacketEvent } from "../event/packet-event.js"
import { TCP, UDP } from "../packet/packet.js"

/** TCP or UDP whose source and destination are one, ports included; a host that talks to itself does not do so from the port to itself. */
export function isLand(event: PacketEvent): boolean {
  return (
    (event.protocol === TCP || event.protocol === UDP) &&
    event.source0 === event.destination0 &&
    event.source1 === event.destination1 &&
    event.source2 === event.destination2 &&
    event.source3 === event.destination3 &&
    event.sourcePort === event.destinationPort &&
    !isLoopback(event)
  )
}

export function isLoopback({ family, source0, source1, source2, source3 }: PacketEvent): boolean {
  return family === 4 ? source0 >>> 24 === 127 : source3 === 1 && (source0 | source1 | source2) === 0
}
