import type { Packet } from "../../packet/packet.js"
import type { ExpressionKind } from "../kind.js"
import { oneWord, type Read } from "../runtime.js"
import type { TypeName } from "../type.js"
import { packetEnd } from "./packet-end.js"

/** An IPv6 extension header: a field of it, or with `field` absent whether it is there (`exthdr frag exists`). */
export interface ExtensionHeaderNode {
  readonly expression: "extension-header"
  readonly header: "hbh" | "rt" | "frag" | "dst" | "mh"
  readonly field?: string
}

/** IPv4 packets have none, and do not match: neither `exists` nor `missing`. */
export const extensionHeader: ExpressionKind<ExtensionHeaderNode> = {
  name: "extension-header",
  types: (node) => [node.field === undefined ? "boolean" : typeOf(node.field)],
  toNft: (node) => (node.field === undefined ? `exthdr ${node.header}` : `${node.header} ${node.field}`),
  read: (node) => readOf(node),
  load: (node) => oneWord(readOf(node)),
  manual: {
    title: "IPv6 extension headers",
    text: "Whether an extension header is there, wherever in the chain, or a field of it.",
    example: "exthdr frag exists drop",
  },
}

/** Next header numbers (RFC 8200; mobility: RFC 6275). */
const numbers: Record<ExtensionHeaderNode["header"], number> = { hbh: 0, rt: 43, frag: 44, dst: 60, mh: 135 }

/** First bit and width of each field that a header may have. */
const fields: Readonly<
  Record<ExtensionHeaderNode["header"], Readonly<Record<string, readonly [number, number]>>>
> = {
  hbh: { nexthdr: [0, 8], hdrlength: [8, 8] },
  rt: { nexthdr: [0, 8], hdrlength: [8, 8], type: [16, 8], "seg-left": [24, 8] },
  frag: {
    nexthdr: [0, 8],
    reserved: [8, 8],
    "frag-off": [16, 13],
    reserved2: [29, 2],
    "more-fragments": [31, 1],
    id: [32, 32],
  },
  dst: { nexthdr: [0, 8], hdrlength: [8, 8] },
  mh: { nexthdr: [0, 8], hdrlength: [8, 8], type: [16, 8], reserved: [24, 8], checksum: [32, 16] },
}

export function hasExtensionField(header: ExtensionHeaderNode["header"], field: string): boolean {
  return field in fields[header]
}

function typeOf(field: string): TypeName {
  return field === "nexthdr" ? "inet_proto" : "integer"
}

function readOf(node: ExtensionHeaderNode): Read {
  const number = numbers[node.header]
  if (node.field === undefined)
    return (packet) => (packet.family !== 6 ? -1 : find(packet, number) < 0 ? 0 : 1)
  const [bit, bits] = fields[node.header][node.field] ?? [0, 0]
  const from = bit >>> 3
  const bytes = ((bit & 7) + bits + 7) >>> 3
  const divisor = 2 ** (bytes * 8 - (bit & 7) - bits)
  return (packet) => {
    const header = packet.family === 6 && bits > 0 ? find(packet, number) : -1
    if (header < 0 || header + from + bytes > packetEnd(packet)) return -1
    let value = 0
    for (let index = 0; index < bytes; index++)
      value = value * 256 + packet.view.getUint8(header + from + index)
    return Math.floor(value / divisor) % 2 ** bits
  }
}

/** Walks the chain to the first header of this number; -1: it is not there. Behind a fragment header with an offset there is nothing to find. */
function find(packet: Packet, number: number): number {
  const { view } = packet
  let at = packet.networkOffset + 40
  const end = packetEnd(packet)
  if (at > end) return -1
  let next = view.getUint8(packet.networkOffset + 6)
  while (at + 8 <= end) {
    if (next === number) return at
    if (next === 44) {
      if (view.getUint16(at + 2) >>> 3 > 0) return -1
      next = view.getUint8(at)
      at += 8
    } else if (next === 51) {
      const length = view.getUint8(at + 1)
      next = view.getUint8(at)
      at += (length + 2) * 4
    } else if (next === 0 || next === 43 || next === 60) {
      const length = view.getUint8(at + 1)
      next = view.getUint8(at)
      at += (length + 1) * 8
    } else {
      return -1
    }
  }
  return -1
}
