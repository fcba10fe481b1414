import { type Packet, TCP, UDP } from "../../packet/packet.js"
import type { ExpressionKind } from "../kind.js"
import { oneWord, type Read, type Run } from "../runtime.js"
import type { TypeName } from "../type.js"
import { nftProtocol } from "./nft-protocol.js"
import { capturedEnd, packetEnd } from "./packet-end.js"
import { transportStart } from "./payload.js"

/** Bits at a place that somebody counted: `@th,16,16`. A value of more than 32 bits takes two or four words, right-aligned. */
export interface RawPayloadNode {
  readonly expression: "raw-payload"
  /** Link layer, network header, transport header, and what the transport header carries. */
  readonly base: "ll" | "nh" | "th" | "ih"
  /** In bits. */
  readonly offset: number
  /** In bits, 1 to 128. */
  readonly length: number
}

export const rawPayload: ExpressionKind<RawPayloadNode> = {
  name: "raw-payload",
  types: (node) => [typeOf(node.length)],
  bits: (node) => node.length,
  toNft: (node) => `@${node.base},${node.offset},${node.length}`,
  read: (node) => (node.length > 32 ? undefined : readOf(node)),
  load(node, build) {
    const read = build.read(node)
    return read ? oneWord(read) : loadOf(node)
  },
  manual: {
    title: "Raw payload",
    text: "Bits of the packet by their place: from the link layer, the network header, the transport header, or behind it. Only where all their bytes are there.",
    example: "@th,16,16 22",
  },
}

function typeOf(length: number): TypeName {
  return length <= 32 ? "xinteger" : length <= 64 ? "xinteger64" : "xinteger128"
}

/** Where a header starts, or -1. */
export const rawStarts: Readonly<Record<RawPayloadNode["base"], (packet: Packet) => number>> = {
  ll: (packet) => packet.destinationMacOffset,
  nh: (packet) => packet.networkOffset,
  th: transportStart,
  ih: innerStart,
}

/** Behind the transport header of TCP (its options included) and UDP; other protocols have none (Linux 6.18, measured). */
function innerStart(packet: Packet): number {
  const start = packet.fragmentOffset > 0 ? -1 : transportStart(packet)
  if (start < 0) return -1
  const protocol = nftProtocol(packet)
  if (protocol === UDP) return start + 8
  if (protocol !== TCP || start + 13 > packetEnd(packet)) return -1
  return start + (packet.view.getUint8(start + 12) >>> 4) * 4
}

/** At ingress the padding of a short frame can still be read. */
function endOf(packet: Packet, run: Run): number {
  return run.ingress ? capturedEnd(packet) : packetEnd(packet)
}

function readOf(node: RawPayloadNode): Read {
  const start = rawStarts[node.base]
  const from = node.offset >>> 3
  const skipped = node.offset & 7
  const bytes = (skipped + node.length + 7) >>> 3
  const divisor = 2 ** (bytes * 8 - skipped - node.length)
  const modulus = 2 ** node.length
  return (packet, run) => {
    const header = start(packet)
    if (header < 0 || header + from + bytes > endOf(packet, run)) return -1
    let value = 0
    for (let index = 0; index < bytes; index++)
      value = value * 256 + packet.view.getUint8(header + from + index)
    return Math.floor(value / divisor) % modulus
  }
}

/** Bit by bit into right-aligned words: long values are rare. */
function loadOf(node: RawPayloadNode) {
  const start = rawStarts[node.base]
  const { offset, length } = node
  const words = length <= 64 ? 2 : 4
  const bytes = (offset + length + 7) >>> 3
  return (packet: Packet, run: Run, at: number): boolean => {
    const header = start(packet)
    if (header < 0 || header + bytes > endOf(packet, run)) return false
    run.registers.fill(0, at, at + words)
    for (let index = 0; index < length; index++) {
      const place = offset + index
      const bit = (packet.view.getUint8(header + (place >>> 3)) >>> (7 - (place & 7))) & 1
      const target = length - 1 - index
      const word = at + words - 1 - (target >>> 5)
      run.registers[word] = (run.registers[word]! | (bit << (target & 31))) >>> 0
    }
    return true
  }
}
