import { ICMP, ICMPV6, type Packet, SCTP, TCP, UDP, UDPLITE } from "../../packet/packet.js"
import type { Load, Read } from "../runtime.js"
import { type TypeName, wordsOf } from "../type.js"
import type { XtValue } from "./option.js"

/** What `setReference` makes: the set's name, and for each dimension which end of the packet is asked for. */
export interface SetReference {
  readonly name: string
  readonly ends: readonly ("src" | "dst")[]
}

export function setReferenceOf(value: XtValue | undefined): SetReference {
  const [name, ends] = (value ?? ["", []]) as unknown as readonly [string, SetReference["ends"]]
  return { name, ends }
}

/**
 * Writes the packet's key for a set with these types. A protocol shares its dimension with the port behind it, as ipset's `hash:ip,port` has it: `tcp:80`; of ICMP the
 * port is type and code. False: the packet has no such key.
 */
export function keyLoad(types: readonly TypeName[], ends: SetReference["ends"]): Load {
  let dimension = 0
  let from = 0
  const parts: Load[] = []
  for (const type of types) {
    const part = partLoad(type, ends[dimension] ?? "src")
    const offset = from
    parts.push((packet, run, at) => part(packet, run, at + offset))
    from += wordsOf(type)
    if (type !== "inet_proto") dimension++
  }
  return (packet, run, at) => {
    for (let index = 0; index < parts.length; index++) if (!parts[index]!(packet, run, at)) return false
    return true
  }
}

function partLoad(type: TypeName, end: "src" | "dst"): Load {
  const isSource = end === "src"
  switch (type) {
    case "ipv4_addr":
      return (packet, run, at) => {
        if (packet.family !== 4) return false
        run.registers[at] = isSource ? packet.source0 : packet.destination0
        return true
      }
    case "ipv6_addr":
      return (packet, run, at) => {
        if (packet.family !== 6) return false
        run.registers[at] = isSource ? packet.source0 : packet.destination0
        run.registers[at + 1] = isSource ? packet.source1 : packet.destination1
        run.registers[at + 2] = isSource ? packet.source2 : packet.destination2
        run.registers[at + 3] = isSource ? packet.source3 : packet.destination3
        return true
      }
    case "ether_addr":
      return (packet, run, at) => {
        const from = isSource ? packet.sourceMacOffset : packet.destinationMacOffset
        if (from < 0) return false
        run.registers[at] = packet.view.getUint32(from)
        run.registers[at + 1] = packet.view.getUint16(from + 4)
        return true
      }
    default: {
      const read = wordRead(type, isSource)
      return (packet, run, at) => {
        const value = read(packet, run)
        if (value < 0) return false
        run.registers[at] = value
        return true
      }
    }
  }
}

function wordRead(type: TypeName, isSource: boolean): Read {
  switch (type) {
    case "inet_service":
      return (packet) => portOf(packet, isSource)
    case "inet_proto":
      return (packet) => packet.protocol
    case "mark":
      return (_packet, run) => run.mark >>> 0
    case "ifname":
      return (_packet, run) => (isSource ? run.inputInterface : run.outputInterface)
    default:
      return () => -1
  }
}

function portOf(packet: Packet, isSource: boolean): number {
  switch (packet.protocol) {
    case TCP:
    case UDP:
    case UDPLITE:
    case SCTP:
      if (packet.transportOffset < 0) return -1
      return isSource ? packet.sourcePort : packet.destinationPort
    case ICMP:
    case ICMPV6:
      return packet.icmpType < 0 ? -1 : (packet.icmpType << 8) | packet.icmpCode
    default:
      // Any other protocol has port 0.
      return 0
  }
}
