import { type Packet, SCTP } from "../../packet/packet.js"
import type { ExpressionKind } from "../kind.js"
import { oneWord, type Read } from "../runtime.js"
import { nftProtocol } from "./nft-protocol.js"
import { packetEnd } from "./packet-end.js"
import { bytesNeeded, readBits } from "./read-bits.js"

/** A chunk of an SCTP packet: a field of its first one, or with `field` absent whether there is one (`sctp chunk init exists`). */
export interface SctpChunkNode {
  readonly expression: "sctp-chunk"
  readonly chunk: SctpChunkName
  readonly field?: string
}

export type SctpChunkName = keyof typeof chunks

/** Types of chunks (RFC 9260, 5061, 3758). */
const chunks = {
  data: 0,
  init: 1,
  "init-ack": 2,
  sack: 3,
  heartbeat: 4,
  "heartbeat-ack": 5,
  abort: 6,
  shutdown: 7,
  "shutdown-ack": 8,
  error: 9,
  "cookie-echo": 10,
  "cookie-ack": 11,
  ecne: 12,
  cwr: 13,
  "shutdown-complete": 14,
  "asconf-ack": 128,
  "forward-tsn": 192,
  asconf: 193,
} as const

export const sctpChunkNames: readonly string[] = Object.keys(chunks)

type Places = Readonly<Record<string, readonly [bit: number, bits: number]>>

const common: Places = { type: [0, 8], flags: [8, 8], length: [16, 16] }
const initiation: Places = {
  "init-tag": [32, 32],
  "a-rwnd": [64, 32],
  "num-outbound-streams": [96, 16],
  "num-inbound-streams": [112, 16],
  "initial-tsn": [128, 32],
}

const places: Partial<Record<SctpChunkName, Places>> = {
  data: { tsn: [32, 32], stream: [64, 16], ssn: [80, 16], ppid: [96, 32] },
  init: initiation,
  "init-ack": initiation,
  sack: {
    "cum-tsn-ack": [32, 32],
    "a-rwnd": [64, 32],
    "num-gap-ack-blocks": [96, 16],
    "num-dup-tsns": [112, 16],
  },
  shutdown: { "cum-tsn-ack": [32, 32] },
  ecne: { "lowest-tsn": [32, 32] },
  cwr: { "lowest-tsn": [32, 32] },
  "asconf-ack": { seqno: [32, 32] },
  "forward-tsn": { "new-cum-tsn": [32, 32] },
  asconf: { seqno: [32, 32] },
}

export function sctpChunkFields(chunk: SctpChunkName): readonly string[] {
  return [...Object.keys(common), ...Object.keys(places[chunk] ?? {})]
}

function placeOf({ chunk, field = "" }: SctpChunkNode) {
  return common[field] ?? places[chunk]?.[field]
}

/** Packets without the chunk, those of other protocols included, do not have it: `missing` matches them; a field's comparison never does. */
export const sctpChunk: ExpressionKind<SctpChunkNode> = {
  name: "sctp-chunk",
  types: (node) => [node.field === undefined ? "boolean" : "integer"],
  bits: (node) => placeOf(node)?.[1] ?? 1,
  toNft: (node) => `sctp chunk ${node.chunk}${node.field === undefined ? "" : ` ${node.field}`}`,
  read: readOf,
  load: (node) => oneWord(readOf(node)),
  manual: {
    title: "SCTP chunks",
    text: "Whether an SCTP packet carries a chunk of a type, or a field of the first one.",
    example: "sctp chunk init exists",
  },
}

function readOf(node: SctpChunkNode): Read {
  const type = chunks[node.chunk]
  if (node.field === undefined) return (packet) => (find(packet, type) < 0 ? 0 : 1)
  const [bit, bits] = placeOf(node) ?? [0, 0]
  const needed = bytesNeeded(bit, bits)
  return (packet) => {
    const at = find(packet, type)
    return at < 0 || bits === 0 || at + needed > packetEnd(packet) ? -1 : readBits(packet, at, bit, bits)
  }
}

/** The first chunk of a type behind the common header of 12 bytes; -1: none. Chunks are padded to four bytes. */
function find(packet: Packet, type: number): number {
  if (nftProtocol(packet) !== SCTP || packet.transportOffset < 0 || packet.fragmentOffset > 0) return -1
  const end = packetEnd(packet)
  let at = packet.transportOffset + 12
  while (at + 4 <= end) {
    if (packet.view.getUint8(at) === type) return at
    const length = packet.view.getUint16(at + 2)
    if (length < 4) return -1
    at += (length + 3) & ~3
  }
  return -1
}
