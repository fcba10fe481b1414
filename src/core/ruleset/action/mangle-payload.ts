import { type Packet, TCP, UDP, UDPLITE } from "../../packet/packet.js"
import { DESTINATION, type End, SOURCE } from "../../packet/rewrite.js"
import type { PayloadNode } from "../expression/payload.js"
import type { Run } from "../runtime.js"
import { mangleField } from "./mangle-bits.js"
import type { Store } from "./store.js"

/** `ip ttl set 64`, `ip dscp set cs1`, `tcp dport set 8080`, `ip daddr set …`. Checksums follow. Undefined: the engine leaves it as it is. */
export function manglePayload(node: PayloadNode): Store | undefined {
  const { protocol, field, tunnel } = node
  if (tunnel !== undefined) return undefined
  const family = protocol === "ip" ? 4 : protocol === "ip6" ? 6 : 0
  if (family !== 0) {
    const write = networkFields[field]
    return write ? (packet, run) => packet.family === family && write(packet, run) : mangleField(node)
  }
  const end = ends[field]
  const number = transports[protocol]
  if (end === undefined || number === undefined) return mangleField(node)
  return (packet, run) =>
    packet.protocol === number &&
    packet.transportOffset >= 0 &&
    run.rewriter.setPort(packet, end, run.registers[0]!)
}

const ends: Readonly<Record<string, End>> = { sport: SOURCE, dport: DESTINATION }

/** Numbers of protocols. `th dport` is of any: nft writes there as it writes raw bits, and no checksum follows. */
const transports: Partial<Record<PayloadNode["protocol"], number>> = {
  tcp: TCP,
  udp: UDP,
  udplite: UDPLITE,
  sctp: 132,
  dccp: 33,
}

const networkFields: Readonly<Record<string, (packet: Packet, run: Run) => boolean>> = {
  ttl: setHops,
  hoplimit: setHops,
  dscp: (packet, run) =>
    run.rewriter.setTrafficClass(packet, (run.registers[0]! << 2) | (trafficClassOf(packet) & 3)),
  ecn: (packet, run) =>
    run.rewriter.setTrafficClass(packet, (trafficClassOf(packet) & 0xfc) | run.registers[0]!),
  saddr: (packet, run) => run.rewriter.setAddress(packet, SOURCE, run.registers),
  daddr: (packet, run) => run.rewriter.setAddress(packet, DESTINATION, run.registers),
}

function setHops(packet: Packet, run: Run): boolean {
  return run.rewriter.setTimeToLive(packet, run.registers[0]!)
}

/** The whole TOS or traffic class byte. */
function trafficClassOf(packet: Packet): number {
  const at = packet.networkOffset
  return packet.family === 4 ? packet.view.getUint8(at + 1) : (packet.view.getUint16(at) >>> 4) & 0xff
}
