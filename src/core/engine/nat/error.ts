import { addWords, finish } from "../../packet/checksum.js"
import { sctpChecksum } from "../../packet/crc32c.js"
import { ICMP, ICMPV6, type Packet, SCTP, TCP, UDP, UDPLITE } from "../../packet/packet.js"
import { DESTINATION, type End, type Rewriter, SOURCE } from "../../packet/rewrite.js"
import { checksumFits } from "../conntrack/checksum.js"
import { PORTS, TUPLE_WORDS } from "../conntrack/layout.js"
import { DST_NAT, DST_NAT_DONE, SRC_NAT, SRC_NAT_DONE } from "../conntrack/status.js"
import type { ConnectionTable } from "../conntrack/table.js"
import { carriesIdentifier } from "./translate.js"

const REDIRECT_4 = 5
const REDIRECT_6 = 137

/** The tuple of the packets in the other direction; good within one call. */
const other = new Uint32Array(TUPLE_WORDS)

/**
 * Translates an ICMP error: the header that it quotes, and its own address, so that who gets it finds the connection that it knows
 * (nf_nat_icmp_reply_translation). `bit`: the status bit that says that this end of packets of the direction is translated.
 * False: the kernel drops it, its checksum being wrong, or a redirect about a translated connection.
 */
export function translateError(
  packet: Packet,
  rewriter: Rewriter,
  table: ConnectionTable,
  entry: number,
  direction: number,
  end: End,
  bit: number,
  target: Uint32Array,
): boolean {
  const isSix = packet.family === 6
  const last = packet.networkOffset + packet.networkLength
  if (!checksumFits(packet, last, isSix ? ICMPV6 : ICMP, isSix)) return false
  const status = table.statusOf(entry)
  if (packet.icmpType === (isSix ? REDIRECT_6 : REDIRECT_4)) {
    const done = SRC_NAT_DONE | DST_NAT_DONE
    if ((status & done) !== done || status & (SRC_NAT | DST_NAT)) return false
  }
  if ((status & bit) === 0) return true
  table.readTuple(entry * 2 + (1 - direction), other)
  rewriter.own(packet)
  writeQuoted(packet, rewriter, other, end === SOURCE ? DESTINATION : SOURCE)
  // The error goes where the translated packet came from, or comes from where it went: the inverse of the other direction.
  const from = end === SOURCE ? 4 : 0
  for (let word = 0; word < 4; word++) target[word] = other[from + word]!
  rewriter.setAddress(packet, end, target, 0)
  sumError(packet)
  return true
}

/** One end of the quoted packet becomes that of the tuple; its own checksums follow as far as they are quoted. */
function writeQuoted(packet: Packet, rewriter: Rewriter, tuple: Uint32Array, end: End): void {
  const { view } = packet
  const header = packet.transportOffset + 8
  const held = packet.frameOffset + packet.capturedLength
  let protocol: number
  let transport: number
  let before = 0
  let after = 0
  const count = packet.family === 4 ? 1 : 4
  const addresses = header + (count === 1 ? 12 : 8) + (end === SOURCE ? 0 : count * 4)
  if (addresses + count * 4 > held) return
  for (let word = 0; word < count; word++) {
    const value = tuple[(end === SOURCE ? 0 : 4) + word]!
    before += view.getUint32(addresses + word * 4)
    after += value
    rewriter.put32(packet, addresses + word * 4, value, count === 1 ? header + 10 : -1)
  }
  if (count === 1) {
    protocol = view.getUint8(header + 9)
    transport = header + ((view.getUint8(header) & 0x0f) << 2)
  } else {
    protocol = view.getUint8(header + 6)
    transport = header + 40
    while (protocol === 0 || protocol === 43 || protocol === 60 || protocol === 44) {
      if (transport + 8 > held) return
      const length = protocol === 44 ? 8 : (view.getUint8(transport + 1) + 1) << 3
      protocol = view.getUint8(transport)
      transport += length
    }
  }
  const ports = tuple[PORTS]!
  const isQuery = protocol === ICMP || protocol === ICMPV6
  if (isQuery) {
    if (transport + 8 > held) return
    if (protocol === ICMPV6) rewriter.adjustAt(packet, transport + 2, before, after)
    const type = view.getUint8(transport)
    if (carriesIdentifier(protocol, type)) rewriter.put16(packet, transport + 4, ports >>> 16, transport + 2)
    return
  }
  if (protocol !== TCP && protocol !== UDP && protocol !== UDPLITE && protocol !== SCTP) return
  if (transport + 4 > held) return
  const place = transport + (end === SOURCE ? 0 : 2)
  const port = end === SOURCE ? ports >>> 16 : ports & 0xffff
  before += view.getUint16(place)
  after += port
  view.setUint16(place, port)
  const checksum = transport + (protocol === TCP ? 16 : 6)
  const needs = protocol === TCP ? 20 : 8
  if (protocol === SCTP) {
    // Over what is there: the kernel does not ask whether all of it was quoted.
    const end = packet.networkOffset + packet.networkLength
    if (transport + 12 <= end && end <= held)
      view.setUint32(transport + 8, sctpChecksum(view, transport, end - transport))
    return
  }
  if (transport + needs > held) return
  if (protocol === UDP && view.getUint16(checksum) === 0) return
  rewriter.adjustAt(packet, checksum, before, after)
}

/** The error's checksum from new, where all of it is there. */
function sumError(packet: Packet): void {
  const { view, transportOffset, networkOffset } = packet
  const end = networkOffset + packet.networkLength
  if (end > packet.frameOffset + packet.capturedLength) return
  const length = end - transportOffset
  view.setUint16(transportOffset + 2, 0)
  let sum = 0
  if (packet.family === 6) sum = addWords(ICMPV6 + length, view, networkOffset + 8, 32)
  view.setUint16(transportOffset + 2, finish(addWords(sum, view, transportOffset, length)))
}
