import { printAddress } from "../base/address.js"
import { copyFlow, destinationOf, Flow, sourceOf } from "../event/flow.js"
import type { PacketEvent } from "../event/packet-event.js"
import { ICMP, ICMPV6, TCP, UDP } from "../packet/packet.js"

const ROOM = 256
const SHOWN = 3

const flagNames = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"]
const flagTexts: readonly string[] = Array.from({ length: 256 }, (_, flags) => {
  const names = flagNames.filter((_name, bit) => flags & (1 << bit))
  return names.length === 0 ? "tcp without flags" : `tcp ${names.join(",")}`
})
const icmpTexts: readonly string[] = Array.from({ length: 256 }, (_, type) => `icmp type ${type}`)

/** The latest packets that counted for anything, so that a finding can show a few. What is kept is numbers and constant texts. */
export class PacketMemory {
  private readonly flows = Array.from({ length: ROOM }, () => new Flow())
  private readonly texts: string[] = new Array<string>(ROOM).fill("")
  private next = 0

  note(event: PacketEvent): void {
    this.noteFlow(event, textOf(event))
  }

  /** `text`: what it was, a constant. What several detectors note is kept once. */
  noteFlow(flow: Flow, text: string): void {
    const before = this.flows[(this.next + ROOM - 1) % ROOM]!
    const isNoted =
      before.time === flow.time &&
      before.sourcePort === flow.sourcePort &&
      before.destinationPort === flow.destinationPort &&
      before.protocol === flow.protocol &&
      isSameSource(before, flow)
    if (isNoted) return
    copyFlow(flow, this.flows[this.next]!)
    this.texts[this.next] = text
    this.next = (this.next + 1) % ROOM
  }

  /** The latest few of this flow's source, in order; the first of them being `flow` itself where nothing is left of it. */
  of(flow: Flow): string[] {
    const found: string[] = []
    for (let back = 1; back <= ROOM && found.length < SHOWN; back++) {
      const at = (this.next - back + ROOM) % ROOM
      if (this.texts[at] !== "" && isSameSource(this.flows[at]!, flow))
        found.unshift(printFlow(this.flows[at]!, this.texts[at]!))
    }
    return found
  }

  /** The latest few, whoever sent them. */
  latest(): string[] {
    const found: string[] = []
    for (let back = 1; back <= SHOWN; back++) {
      const at = (this.next - back + ROOM) % ROOM
      if (this.texts[at] !== "") found.unshift(printFlow(this.flows[at]!, this.texts[at]!))
    }
    return found
  }
}

function isSameSource(left: Flow, right: Flow): boolean {
  return (
    left.source0 === right.source0 &&
    left.source1 === right.source1 &&
    left.family === right.family &&
    (left.family === 4 || (left.source2 === right.source2 && left.source3 === right.source3))
  )
}

function textOf(event: PacketEvent): string {
  if (event.isFragment && event.fragmentOffset > 0) return "fragment"
  if (event.protocol === TCP) return flagTexts[event.tcpFlags & 0xff]!
  if (event.protocol === UDP) return "udp"
  const isIcmp = event.protocol === ICMP || event.protocol === ICMPV6
  return isIcmp ? (icmpTexts[event.icmpType] ?? "icmp") : "ip"
}

/** `198.51.100.7:40000 > 192.0.2.1:23 tcp SYN`. */
function printFlow(flow: Flow, text: string): string {
  const source = printAddress(sourceOf(flow))
  const destination = printAddress(destinationOf(flow))
  const hasPorts = flow.protocol === TCP || flow.protocol === UDP
  return `${end(source, hasPorts, flow.sourcePort)} > ${end(destination, hasPorts, flow.destinationPort)} ${text}`
}

function end(address: string, hasPort: boolean, port: number): string {
  if (!hasPort) return address
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`
}
