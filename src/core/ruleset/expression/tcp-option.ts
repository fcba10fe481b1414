import { type Packet, TCP } from "../../packet/packet.js"
import type { ExpressionKind } from "../kind.js"
import { oneWord, type Read } from "../runtime.js"
import { nftProtocol } from "./nft-protocol.js"
import { packetEnd } from "./packet-end.js"

/** A TCP option: a field of it (`tcp option maxseg size`), bits of it (`tcp option @255,8,8`), or with neither whether it is there. */
export interface TcpOptionNode {
  readonly expression: "tcp-option"
  /** By name, or by its number. */
  readonly option: TcpOptionName | number
  readonly field?: string
  /** Bits at a counted place. */
  readonly raw?: { readonly offset: number; readonly length: number }
}

export type TcpOptionName = keyof typeof kinds

/** Option kinds (RFC 9293, 7323, 2018, 2385, 7413, 8684). `sack1` to `sack3` are the blocks behind the first. */
const kinds = {
  eol: 0,
  nop: 1,
  maxseg: 2,
  window: 3,
  "sack-perm": 4,
  sack: 5,
  sack1: 5,
  sack2: 5,
  sack3: 5,
  timestamp: 8,
  md5sig: 19,
  mptcp: 30,
  fastopen: 34,
} as const

/** The name that nft lists for an option's number, or the number. */
export function tcpOptionOf(kind: number): TcpOptionNode["option"] {
  const found = Object.entries(kinds).find(([, number]) => number === kind)
  return found ? (found[0] as TcpOptionName) : kind
}

/** Other spellings that nft reads. */
const spellings: Readonly<Record<string, TcpOptionName>> = {
  mss: "maxseg",
  sack0: "sack",
  "sack-permitted": "sack-perm",
  noop: "nop",
}

export function tcpOptionNamed(name: string): TcpOptionName | undefined {
  const known = spellings[name] ?? name
  return known in kinds ? (known as TcpOptionName) : undefined
}

export const tcpOptionNames: readonly string[] = [...Object.keys(kinds), ...Object.keys(spellings)]

type Place = readonly [bit: number, bits: number]
const length: Place = [8, 8]

/** First bit and width of the fields that an option has. */
const places: Readonly<Record<TcpOptionName, Readonly<Record<string, Place>>>> = {
  eol: {},
  nop: {},
  maxseg: { length, size: [16, 16] },
  window: { length, count: [16, 8] },
  "sack-perm": { length },
  sack: { length, left: [16, 32], right: [48, 32] },
  sack1: { length, left: [80, 32], right: [112, 32] },
  sack2: { length, left: [144, 32], right: [176, 32] },
  sack3: { length, left: [208, 32], right: [240, 32] },
  timestamp: { length, tsval: [16, 32], tsecr: [48, 32] },
  md5sig: { length },
  mptcp: { length, subtype: [16, 4] },
  fastopen: { length },
}

/** The names of an option's fields. */
export function tcpOptionFields(option: TcpOptionNode["option"]): readonly string[] {
  return typeof option === "number" ? ["length"] : Object.keys(places[option])
}

/** Packets without a readable TCP header, UDP and ICMP included, have no option: `missing` matches them (Linux 6.18, measured); a field's comparison never does. */
export const tcpOption: ExpressionKind<TcpOptionNode> = {
  name: "tcp-option",
  types: (node) => [
    placeOf(node) === undefined ? "boolean" : node.field === "subtype" ? "mptcpopt_subtype" : "integer",
  ],
  bits: (node) => placeOf(node)?.[1] ?? 1,
  toNft: ({ option, field, raw }) => {
    if (raw) return `tcp option @${tcpOptionKind(option)},${raw.offset},${raw.length}`
    return `tcp option ${option}${field === undefined ? "" : ` ${field}`}`
  },
  read: (node) => readOf(node),
  load: (node) => oneWord(readOf(node)),
  requires: (node) => (placeOf(node) === undefined ? {} : { protocol: TCP }),
  manual: {
    title: "TCP options",
    text: "Whether a TCP header carries an option, or a field of it. A comparison with the field does not match where the option is absent, not even `!=`.",
    example: "tcp option maxseg size < 88 drop",
  },
}

/** An option's number. */
export function tcpOptionKind(option: TcpOptionNode["option"]): number {
  return typeof option === "number" ? option : kinds[option]
}

function placeOf({ option, field, raw }: TcpOptionNode): Place | undefined {
  if (raw) return [raw.offset, raw.length]
  if (field === undefined) return undefined
  return typeof option === "number" ? length : places[option][field]
}

function readOf(node: TcpOptionNode): Read {
  const kind = tcpOptionKind(node.option)
  const place = placeOf(node)
  if (place === undefined) return (packet) => (find(packet, kind, 0) < 0 ? 0 : 1)
  const [bit, bits] = place
  const from = bit >>> 3
  const bytes = ((bit & 7) + bits + 7) >>> 3
  const divisor = 2 ** (bytes * 8 - (bit & 7) - bits)
  return (packet) => {
    const at = find(packet, kind, from + bytes)
    if (at < 0) return -1
    let value = 0
    for (let index = 0; index < bytes; index++) value = value * 256 + packet.view.getUint8(at + from + index)
    return Math.floor(value / divisor) % 2 ** bits
  }
}

/**
 * Finds the first option of a kind, as net/netfilter/nft_exthdr.c walks: an option without a length is one byte long (the end of the list too, so the walk goes on
 * behind it), and one that reaches beyond the header, or is shorter than `needed`, ends the search.
 */
function find(packet: Packet, kind: number, needed: number): number {
  if (nftProtocol(packet) !== TCP || packet.transportOffset < 0 || packet.fragmentOffset > 0) return -1
  const { view, transportOffset } = packet
  if (transportOffset + 20 > packetEnd(packet)) return -1
  const end = transportOffset + (view.getUint8(transportOffset + 12) >>> 4) * 4
  if (end > packetEnd(packet)) return -1
  let at = transportOffset + 20
  while (at < end - 1) {
    const length = view.getUint8(at) <= 1 ? 1 : Math.max(1, view.getUint8(at + 1))
    if (view.getUint8(at) === kind) return at + length > end || needed > length ? -1 : at
    at += length
  }
  return -1
}
