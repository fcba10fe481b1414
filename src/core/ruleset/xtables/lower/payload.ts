import { maskWords } from "../../../base/prefix.js"
import { ICMP, ICMPV6, TCP, UDP } from "../../../packet/packet.js"
import type { PayloadNode } from "../../expression/payload.js"
import { payloadFields } from "../../expression/payload-field.js"
import type { TypeName } from "../../type.js"
import type { Item } from "../../value.js"
import {
  colonRange,
  header,
  maskedValue,
  match,
  never,
  rangesOf,
  type XtCondition,
  type XtConjunction,
  type XtTest,
  type XtWriter,
} from "./condition.js"
import { cubesOf } from "./cubes.js"

const DCCP = 33
const SCTP = 132
const UDPLITE = 136

/** A header field in iptables' words; what has none of its own is asked for by `-m u32`, of IPv4. */
export function payloadToXtables(node: PayloadNode, test: XtTest, writer: XtWriter): XtCondition {
  const { family } = writer
  if (node.protocol === "ip" && family === 6) return never
  if (node.protocol === "ip6" && family === 4) return never
  const name = `${node.protocol} ${node.field}`
  switch (name) {
    case "ip saddr":
    case "ip6 saddr":
      return address("source", test, writer)
    case "ip daddr":
    case "ip6 daddr":
      return address("destination", test, writer)
    case "ip protocol":
      return protocolToXtables(test, writer)
    case "ip ttl":
      return byRanges(test, 8, ([from, to]) => ttl("ttl", from, to, writer))
    case "ip6 hoplimit":
      return byRanges(test, 8, ([from, to]) => ttl("hl", from, to, writer))
    case "ip length":
      return byRanges(test, 16, (range) => [match(family, "length", ["length", colonRange(range)])])
    case "tcp sport":
    case "tcp dport":
      return ports(TCP, "tcp", node.field, test, writer)
    case "udp sport":
    case "udp dport":
      return ports(UDP, "udp", node.field, test, writer)
    case "th sport":
    case "th dport":
      return anyPorts(node.field, test, writer)
    case "tcp flags":
      return flags(test, writer) ?? fallback(node, test, writer)
    case "icmp type":
      if (family === 6) return never
      return types(test, "icmp", "icmp-type", ICMP, writer)
    case "icmpv6 type":
      if (family === 4) return never
      return types(test, "icmp6", "icmpv6-type", ICMPV6, writer)
    case "ip frag-off":
      return fragment(test, writer) ?? fallback(node, test, writer)
    default:
      return fallback(node, test, writer)
  }
}

/** `-p`: several protocols are several rules. */
export function protocolToXtables(test: XtTest, { family }: XtWriter): XtCondition {
  const asked = maskedValue(test, "inet_proto")
  if (asked && !test.mask && asked.value !== 0)
    return [[header(family, { protocol: { number: asked.value, negated: test.operator === "!=" } })]]
  const ranges = rangesOf(test, 8)
  if (!ranges || test.mask || count(ranges) > 16)
    return { unsupported: "iptables asks for one protocol in a rule, or for all but one" }
  return numbers(ranges).map((number) => [header(family, { protocol: { number, negated: false } })])
}

function numbers(ranges: readonly (readonly [number, number])[]): number[] {
  return ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index))
}

function count(ranges: readonly (readonly [number, number])[]): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0)
}

function address(which: "source" | "destination", test: XtTest, writer: XtWriter): XtCondition {
  const { family } = writer
  const type: TypeName = family === 4 ? "ipv4_addr" : "ipv6_addr"
  if (test.operator !== "==" && test.operator !== "!=")
    return { unsupported: "iptables knows no order of addresses" }
  const negated = test.operator === "!="
  const [item] = test.items
  const single = test.items.length === 1 && item ? networkOf(item, type, test.mask) : undefined
  if (single) return [[header(family, { [which]: { ...single, negated } })]]
  if (test.mask) return { unsupported: "iptables compares an address under a mask with one value" }
  const name = writer.anonymousSet(type, test.items)
  return [[match(family, "set", ["match-set", `${name} ${which === "source" ? "src" : "dst"}`, negated])]]
}

function networkOf(
  item: Item,
  type: TypeName,
  mask: readonly number[] | undefined,
): { words: readonly number[]; mask: readonly number[] } | undefined {
  const words = type === "ipv4_addr" ? 1 : 4
  if ("value" in item && typeof item.value !== "string")
    return { words: item.value, mask: mask ?? maskWords(words * 32, words) }
  if ("prefix" in item && !mask) return { words: item.prefix, mask: maskWords(item.length, words) }
  return undefined
}

function ttl(name: "ttl" | "hl", from: number, to: number, { family }: XtWriter): XtConjunction {
  if (from === to) return [match(family, name, [`${name}-eq`, String(from)])]
  const parts: XtConjunction[number][] = []
  if (from > 0) parts.push(match(family, name, [`${name}-gt`, String(from - 1)]))
  if (to < 255) parts.push(match(family, name, [`${name}-lt`, String(to + 1)]))
  return parts
}

function byRanges(
  test: XtTest,
  bits: number,
  write: (range: readonly [number, number]) => XtConjunction | undefined,
): XtCondition {
  const ranges = test.mask ? undefined : rangesOf(test, bits)
  const written = ranges?.map(write)
  return written?.every((each) => each !== undefined)
    ? written
    : { unsupported: "iptables has no words for this comparison" }
}

function ports(number: number, name: string, field: string, test: XtTest, writer: XtWriter): XtCondition {
  const { family } = writer
  const ranges = test.mask ? undefined : rangesOf(test, 16)
  if (!ranges) return { unsupported: "iptables compares ports with numbers and ranges" }
  const asked = header(family, { protocol: { number, negated: false } })
  if (ranges.length === 1) return [[asked, match(family, name, [field, colonRange(ranges[0]!)])]]
  return lists(ranges).map((list) => [asked, match(family, "multiport", [`${field}s`, list])])
}

/** The ports of whichever protocol has some; a rule that asks for a protocol keeps its own only. */
function anyPorts(field: string, test: XtTest, writer: XtWriter): XtCondition {
  const ranges = test.mask ? undefined : rangesOf(test, 16)
  if (!ranges) return { unsupported: "iptables compares ports with numbers and ranges" }
  return [TCP, UDP, UDPLITE, SCTP, DCCP].flatMap((number) =>
    lists(ranges).map((list) => [
      header(writer.family, { protocol: { number, negated: false } }),
      match(writer.family, "multiport", [`${field}s`, list]),
    ]),
  )
}

/** A multiport has 15 places, and a range takes two. */
const MULTIPORT_PLACES = 15

function lists(ranges: readonly (readonly [number, number])[]): string[] {
  const result: string[][] = []
  let places = MULTIPORT_PLACES
  for (const range of ranges) {
    const needed = range[0] === range[1] ? 1 : 2
    if (places + needed > MULTIPORT_PLACES) {
      result.push([])
      places = 0
    }
    result.at(-1)!.push(colonRange(range))
    places += needed
  }
  return result.map((list) => list.join(","))
}

/** iptables looks at six of the eight flags. Several values are asked as few rules as there are cubes of them. */
function flags(test: XtTest, { family }: XtWriter): XtCondition | undefined {
  const mask = test.mask ? test.mask[0]! : 255
  if (mask > ALL_FLAGS) return undefined
  const isTcp = header(family, { protocol: { number: TCP, negated: false } })
  const asked = (from: number, to: number, negated: boolean) =>
    match(family, "tcp", ["tcp-flags", `${flagNames(from)} ${flagNames(to)}`, negated])
  const single = maskedValue(test, "tcp_flag")
  if (single) return [[isTcp, asked(single.mask, single.value, test.operator === "!=")]]
  const ranges = rangesOf(test, 8)
  if (!ranges) return undefined
  const wanted = new Set<number>()
  for (let value = 0; value <= ALL_FLAGS; value++)
    if (ranges.some(([from, to]) => from <= (value & mask) && (value & mask) <= to)) wanted.add(value)
  return cubesOf(wanted, 6).map((cube) =>
    cube.mask === 0 ? [isTcp] : [isTcp, asked(cube.mask, cube.value, false)],
  )
}

const ALL_FLAGS = 63

function flagNames(bits: number): string {
  const names = ["FIN", "SYN", "RST", "PSH", "ACK", "URG"]
  return names.filter((_, bit) => (bits >>> bit) & 1).join(",") || "NONE"
}

/** More types than these are too many rules. */
const TYPES_MAXIMUM = 32

/** One type a rule. */
function types(test: XtTest, name: string, option: string, protocol: number, writer: XtWriter): XtCondition {
  const asked = header(writer.family, { protocol: { number: protocol, negated: false } })
  const ranges = test.mask ? undefined : rangesOf(test, 8)
  if (ranges?.length === 1 && count(ranges) === 256) return [[asked]]
  const single = maskedValue(test, "icmp_type")
  if (single && !test.mask)
    return [[asked, match(writer.family, name, [option, String(single.value), test.operator === "!="])]]
  if (!ranges || count(ranges) > TYPES_MAXIMUM)
    return { unsupported: `iptables asks for one type of ${name} in a rule` }
  return numbers(ranges).map((number) => [asked, match(writer.family, name, [option, String(number)])])
}

/** Every bit of the field but "don't fragment" is zero in a packet that is whole. */
const WHOLE = 0x3fff

/** `ip frag-off & 0x1fff`: is it a later fragment? Behind defragmentation every packet is whole. */
function fragment(test: XtTest, writer: XtWriter): XtCondition | undefined {
  const asked = maskedValue(test, "integer")
  if (!asked) return undefined
  if (!writer.seesFragments && (asked.mask & ~WHOLE) === 0)
    return writer.settled((asked.value === 0) === (test.operator === "=="))
  if (asked.mask !== 0x1fff || asked.value !== 0) return undefined
  return [[header(writer.family, { fragment: { negated: test.operator === "==" } })]]
}

/** `-m u32`: four bytes from a place in the packet, shifted, masked, compared. Of IPv6 nothing says where the transport header is. */
function fallback(node: PayloadNode, test: XtTest, writer: XtWriter): XtCondition {
  const { family } = writer
  const cannot = { unsupported: `iptables has no words for ${node.protocol} ${node.field}` }
  const field = payloadFields[node.protocol as keyof typeof payloadFields]?.[node.field]
  if (!field || field.bits > 32 || field.bits === 0) return cannot
  const number = { tcp: TCP, udp: UDP, icmp: ICMP }[node.protocol as "tcp" | "udp" | "icmp"]
  const isNetwork = node.protocol === "ip" || node.protocol === "ip6"
  if (!isNetwork && (number === undefined || family === 6)) return cannot
  const byte = field.bit >>> 3
  // The last field of a short header: read the four bytes that end with it.
  const at = Math.max(0, Math.min(byte, byte + Math.ceil(((field.bit & 7) + field.bits) / 8) - 4))
  const shift = 32 - (field.bit - at * 8) - field.bits
  if (shift < 0) return cannot
  const mask = test.mask ? test.mask[0]! : 2 ** field.bits - 1
  const isMasked = test.mask !== undefined
  const value = isMasked ? maskedValue(test, field.type) : undefined
  const ranges = isMasked
    ? value && test.operator === "=="
      ? [[value.value, value.value] as const]
      : value && rangesOf({ operator: "!=", items: test.items }, field.bits)
    : rangesOf(test, field.bits)
  if (!ranges || ranges.length === 0) return ranges ? never : cannot
  const place = isNetwork ? String(at) : `0>>22&0x3C@${at}`
  const hex = (each: number) => `0x${(each >>> 0).toString(16)}`
  const wanted = ranges.map(([from, to]) => (from === to ? hex(from) : `${hex(from)}:${hex(to)}`)).join(",")
  const shifted = shift === 0 ? "" : `>>${shift}`
  const asked = match(family, "u32", ["u32", `${place}${shifted}&${hex(mask)}=${wanted}`])
  if (isNetwork) return [[asked]]
  return [
    [header(family, { protocol: { number: number!, negated: false }, fragment: { negated: true } }), asked],
  ]
}
