import { ICMP, IGMP, type Packet } from "../../packet/packet.js"
import { checksumOffset } from "../../packet/rewrite.js"
import { packetEnd } from "../expression/packet-end.js"
import { headerStart, type PayloadNode, protocolNumbers } from "../expression/payload.js"
import { payloadFields } from "../expression/payload-field.js"
import { type RawPayloadNode, rawStarts } from "../expression/raw-payload.js"
import type { Store } from "./store.js"

/** Fields that say how the rest of the packet is to be read. What a kernel does with a packet that lies about them is not shown. */
const structural: ReadonlySet<string> = new Set([
  "ether type",
  "ip version",
  "ip hdrlength",
  "ip length",
  "ip protocol",
  "ip6 version",
  "ip6 length",
  "ip6 nexthdr",
  "tcp doff",
  "udp length",
  "sctp checksum",
])

const written: ReadonlySet<PayloadNode["protocol"]> = new Set([
  "ether",
  "ip",
  "ip6",
  "tcp",
  "udp",
  "udplite",
  "sctp",
  "dccp",
  "icmp",
  "icmpv6",
  "igmp",
  "th",
])

/** Any field of these headers, wherever its bits stand: `tcp window set 5`, `ip6 flowlabel set 9`. Undefined: it is left as it is. */
export function mangleField(node: PayloadNode): Store | undefined {
  const { protocol, field } = node
  const place = payloadFields[protocol][field]
  if (!place || !written.has(protocol) || structural.has(`${protocol} ${field}`)) return undefined
  const { bit, bits, icmpTypes } = place
  const start = headerStart(protocol)
  const isTransport = protocol !== "ether" && protocol !== "ip" && protocol !== "ip6"
  const distance = field === "checksum" ? -1 : checksumDistance(protocol)
  const store = storeBits(start, bit, bits, distance, isTransport)
  return icmpTypes ? (packet, run) => icmpTypes.includes(packet.icmpType) && store(packet, run) : store
}

/**
 * `@th,32,16 set 5`: no checksum follows, for nft does not know of one; behind the transport header that header's own does (Linux 6.18, nft 1.0.6).
 * Undefined: a width that fills no whole words.
 */
export function mangleRaw({ base, offset, length }: RawPayloadNode): Store | undefined {
  if (length > 32 && length % 32 !== 0) return undefined
  if (length > 32 && offset % 8 !== 0) return undefined
  return storeBits(rawStarts[base], offset, length, -1, base === "th" || base === "ih", base === "ih")
}

/** From the header's start to the checksum that covers it, or -1. */
function checksumDistance(protocol: PayloadNode["protocol"]): number {
  if (protocol === "ip") return 10
  const number = protocolNumbers[protocol] ?? -1
  return number === ICMP || number === IGMP ? 2 : checksumOffset(number)
}

/** What the bits of a whole number of bytes become where only some of them are written. */
const merged = [0]

function storeBits(
  start: (packet: Packet) => number,
  bit: number,
  bits: number,
  checksum: number,
  isTransport: boolean,
  isCovered = false,
): Store {
  const from = bit >>> 3
  const count = ((bit & 7) + bits + 7) >>> 3
  const shift = count * 8 - (bit & 7) - bits
  const isWhole = shift === 0 && (bit & 7) === 0
  const mask = 2 ** bits - 1
  return (packet, run) => {
    // As the kernel has it: a later fragment has no transport header to write on.
    if (isTransport && packet.fragmentOffset > 0) return false
    const header = start(packet)
    const at = header + from
    if (header < 0 || at + count > packetEnd(packet)) return false
    const sum = checksum < 0 ? -1 : header + checksum
    if (isWhole) return run.rewriter.setField(packet, at, count, run.registers, 0, sum, isCovered)
    let before = 0
    for (let index = 0; index < count; index++) before = before * 256 + packet.view.getUint8(at + index)
    merged[0] = (before & ~(mask << shift)) | ((run.registers[0]! & mask) << shift)
    return run.rewriter.setField(packet, at, count, merged, 0, sum, isCovered)
  }
}
