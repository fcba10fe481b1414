import { hasReadableOptions } from "../../packet/ipv4-options.js"
import type { Packet } from "../../packet/packet.js"
import type { ExpressionKind } from "../kind.js"
import { oneWord, type Read } from "../runtime.js"
import type { TypeName } from "../type.js"
import { packetEnd } from "./packet-end.js"
import { bytesNeeded, readBits } from "./read-bits.js"

/** An option of the IPv4 header: a field of it, or with `field` absent whether it is there (`ip option lsrr exists`). */
export interface IpOptionNode {
  readonly expression: "ip-option"
  readonly option: IpOptionName
  readonly field?: string
}

export type IpOptionName = keyof typeof options

/** Option types (RFC 791, 2113). */
const options = { rr: 7, lsrr: 131, ssrr: 137, ra: 148 } as const

export const ipOptionNames: readonly string[] = Object.keys(options)

type Places = Readonly<Record<string, readonly [bit: number, bits: number]>>

const route: Places = { type: [0, 8], length: [8, 8], ptr: [16, 8], addr: [24, 32] }

const places: Record<IpOptionName, Places> = {
  rr: route,
  lsrr: route,
  ssrr: route,
  ra: { type: [0, 8], length: [8, 8], value: [16, 16] },
}

export function ipOptionFields(option: IpOptionName): readonly string[] {
  return Object.keys(places[option])
}

function typeOf(node: IpOptionNode): TypeName {
  return node.field === undefined ? "boolean" : node.field === "addr" ? "ipv4_addr" : "integer"
}

/** IPv6 packets have none, and do not match. */
export const ipOption: ExpressionKind<IpOptionNode> = {
  name: "ip-option",
  types: (node) => [typeOf(node)],
  bits: (node) => (node.field === undefined ? 1 : (places[node.option][node.field]?.[1] ?? 0)),
  toNft: (node) => `ip option ${node.option}${node.field === undefined ? "" : ` ${node.field}`}`,
  read: readOf,
  load: (node) => oneWord(readOf(node)),
  manual: {
    title: "IPv4 options",
    text: "Whether an IPv4 header carries an option (source routes, recorded routes, router alert), or a field of it.",
    example: "ip option lsrr exists drop",
  },
}

function readOf(node: IpOptionNode): Read {
  const kind = options[node.option]
  if (node.field === undefined) {
    return (packet) => (packet.family !== 4 ? -1 : find(packet, kind) < 0 ? 0 : 1)
  }
  const [bit, bits] = places[node.option][node.field] ?? [0, 0]
  const needed = bytesNeeded(bit, bits)
  return (packet) => {
    const at = packet.family === 4 ? find(packet, kind) : -1
    return at < 0 || at + needed > packetEnd(packet) ? -1 : readBits(packet, at, bit, bits)
  }
}

/** The first option of a type; -1: none, or the kernel cannot read the list. */
function find(packet: Packet, kind: number): number {
  if (!hasReadableOptions(packet)) return -1
  const { view } = packet
  const end = packet.networkOffset + packet.networkHeaderLength
  let at = packet.networkOffset + 20
  while (at < end) {
    const type = view.getUint8(at)
    // A router's alert that is none of RFC 2113 is not found (Linux 6.18, looked at).
    if (type === kind && (kind !== options.ra || view.getUint16(at + 2) === 0)) return at
    if (type === 0) return -1
    const length = type === 1 ? 1 : at + 1 < end ? view.getUint8(at + 1) : 0
    if (length < 1) return -1
    at += length
  }
  return -1
}
