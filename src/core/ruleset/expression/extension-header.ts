import type { Packet } from "../../packet/packet.js"
import type { ExpressionKind } from "../kind.js"
import { type Load, oneWord, type Read } from "../runtime.js"
import type { TypeName } from "../type.js"
import { packetEnd } from "./packet-end.js"

/** An IPv6 extension header: a field of it, or with `field` absent whether it is there (`exthdr frag exists`). */
export interface ExtensionHeaderNode {
  readonly expression: "extension-header"
  /** `rt0`, `rt2` and `srh` are fields of routing headers; of which type the header is, is for another question (Linux 6.18, measured). */
  readonly header: "hbh" | "rt" | "rt0" | "rt2" | "srh" | "frag" | "dst" | "mh"
  readonly field?: string
}

/** IPv4 packets have none, and do not match: neither `exists` nor `missing`. */
export const extensionHeader: ExpressionKind<ExtensionHeaderNode> = {
  name: "extension-header",
  types: (node) => [node.field === undefined ? "boolean" : typeOf(node)],
  bits: (node) => (node.field === undefined ? 1 : (placeOf(node)?.[1] ?? 0)),
  toNft: (node) => (node.field === undefined ? `exthdr ${node.header}` : `${node.header} ${node.field}`),
  read: (node) => (typeOf(node) === "ipv6_addr" ? undefined : readOf(node)),
  load: (node) => (typeOf(node) === "ipv6_addr" ? loadAddress(node) : oneWord(readOf(node))),
  requires: () => ({ family: 6 }),
  // Plain packets have none.
  isKnown: (_node, { plain }) => plain !== null,
  manual: {
    title: "IPv6 extension headers",
    text: "Whether an extension header is there, wherever in the chain, or a field of it.",
    example: "exthdr frag exists drop",
  },
}

/** Next header numbers (RFC 8200; mobility: RFC 6275). */
const numbers: Record<ExtensionHeaderNode["header"], number> = {
  hbh: 0,
  rt: 43,
  rt0: 43,
  rt2: 43,
  srh: 43,
  frag: 44,
  dst: 60,
  mh: 135,
}

/** First bit and width of each field that a header may have. */
const fields: Readonly<
  Record<ExtensionHeaderNode["header"], Readonly<Record<string, readonly [number, number]>>>
> = {
  hbh: { nexthdr: [0, 8], hdrlength: [8, 8] },
  rt: { nexthdr: [0, 8], hdrlength: [8, 8], type: [16, 8], "seg-left": [24, 8] },
  rt0: {},
  rt2: {},
  srh: { "last-entry": [32, 8], flags: [40, 8], tag: [48, 16] },
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
  return placeOf({ expression: "extension-header", header, field }) !== undefined
}

/** The names of a header's fields, for who reads them. */
export function extensionFields(header: string): readonly string[] | undefined {
  const known = (fields as Readonly<Record<string, object>>)[header]
  return known && Object.keys(known)
}

/** `addr[1]` of rt0 and rt2, `sid[1]` of srh: addresses, counted from 1. */
function placeOf({ header, field = "" }: ExtensionHeaderNode): readonly [number, number] | undefined {
  const listed = header === "srh" ? /^sid\[(\d+)\]$/.exec(field) : /^addr\[(\d+)\]$/.exec(field)
  if (listed && (header === "rt0" || header === "rt2" || header === "srh"))
    return [64 + (Number(listed[1]) - 1) * 128, 128]
  return fields[header][field]
}

function typeOf(node: ExtensionHeaderNode): TypeName {
  if (node.field === undefined) return "boolean"
  if (node.field === "nexthdr") return "inet_proto"
  if (node.header === "mh" && node.field === "type") return "mh_type"
  return placeOf(node)?.[1] === 128 ? "ipv6_addr" : "integer"
}

function readOf(node: ExtensionHeaderNode): Read {
  const number = numbers[node.header]
  if (node.field === undefined)
    return (packet) => (packet.family !== 6 ? -1 : find(packet, number) < 0 ? 0 : 1)
  const [bit, bits] = placeOf(node) ?? [0, 0]
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

function loadAddress(node: ExtensionHeaderNode): Load {
  const number = numbers[node.header]
  const from = placeOf(node)![0] / 8
  return (packet, run, at) => {
    const header = packet.family === 6 ? find(packet, number) : -1
    if (header < 0 || header + from + 16 > packetEnd(packet)) return false
    for (let index = 0; index < 4; index++)
      run.registers[at + index] = packet.view.getUint32(header + from + index * 4)
    return true
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
