import { printAddress } from "../base/address.js"
import { dataTypes, type TypeName } from "./type.js"
import type { Item, Literal } from "./value.js"

/**
 * Values in nft's notation, by their types: addresses, interface names in quotes, states and flags by name. As `nft list` prints them where it prints
 * something that people read; numbers where its names mislead (an ICMP code's name hangs on the type).
 */
export function itemToNft(item: Item, types: readonly TypeName[]): string {
  if ("parts" in item) return item.parts.map((part, index) => itemToNft(part, [types[index]!])).join(" . ")
  const type = types[0]!
  if ("value" in item) return literalToNft(item.value, type)
  if ("from" in item) return `${endToNft(item.from, type)}-${endToNft(item.to, type)}`
  return `${literalToNft(item.prefix, type)}/${item.length}`
}

/** `fin | syn` where several bits are set: in a set or behind an operator. */
export function literalToNft(literal: Literal, type: TypeName): string {
  if (typeof literal === "string") return `"${literal}"`
  const number = literal[0] ?? 0
  const bits = bitNames[type]
  if (bits) return bitsToNft(number, bits).join(" | ") || "0x0"
  const name = names[type]?.[number]
  return name ?? printers[type]?.(literal) ?? String(number)
}

/** An end of a range: in numbers, for nft reads a hyphen between names as part of one name. */
function endToNft(literal: Literal, type: TypeName): string {
  if (typeof literal === "string") return literalToNft(literal, type)
  return printers[type]?.(literal) ?? String(literal[0] ?? 0)
}

/** `established,new`: nft's short form for "one of these bits". */
export function bitListToNft(number: number, type: TypeName): string {
  return bitsToNft(number, bitNames[type] ?? {}).join(",") || hex(number)
}

/** Types whose values are bits, where `==` and nft's default operator differ. */
export function isBitType(type: TypeName): boolean {
  return type in bitNames
}

/** How a mask is written: as an address for addresses, names in brackets for bits, else in hexadecimal. */
export function maskToNft(mask: readonly number[], type: TypeName): string {
  const number = mask[0] ?? 0
  if (bitNames[type]) {
    const text = literalToNft(mask, type)
    return text.includes("|") ? `(${text})` : text
  }
  return type === "ipv4_addr" || type === "ipv6_addr" || type === "mark"
    ? literalToNft(mask, type)
    : hex(number)
}

/** The length of a mask of ones and then zeros, or -1. */
export function prefixLengthOf(mask: readonly number[], type: TypeName): number {
  const width = dataTypes[type]
  let length = 0
  let ended = false
  for (const [index, word] of mask.entries()) {
    for (let bit = Math.min(32, width - 32 * index) - 1; bit >= 0; bit--) {
      const isSet = ((word >>> bit) & 1) === 1
      if (isSet && ended) return -1
      if (isSet) length++
      else ended = true
    }
  }
  return length
}

function bitsToNft(number: number, bits: Record<number, string>): string[] {
  const found: string[] = []
  let rest = number
  for (const [bit, name] of Object.entries(bits)) {
    if ((rest & Number(bit)) === 0) continue
    found.push(name)
    rest &= ~Number(bit)
  }
  if (rest !== 0) found.push(hex(rest >>> 0))
  return found
}

function hex(number: number): string {
  return `0x${number.toString(16)}`
}

function etherAddress(words: readonly number[]): string {
  const digits = (words[0] ?? 0).toString(16).padStart(8, "0") + (words[1] ?? 0).toString(16).padStart(4, "0")
  return digits.match(/../g)!.join(":")
}

const printers: Partial<Record<TypeName, (words: readonly number[]) => string>> = {
  ipv4_addr: (words) => printAddress({ family: 4, words }),
  ipv6_addr: (words) => printAddress({ family: 6, words }),
  ether_addr: etherAddress,
  ether_type: ([number]) => `0x${number!.toString(16).padStart(4, "0")}`,
  mark: ([number]) => `0x${number!.toString(16).padStart(8, "0")}`,
  dscp: ([number]) => `0x${number!.toString(16).padStart(2, "0")}`,
}

/** Bits by value, in the order in which nft 1.0.6 lists them. */
const bitNames: Partial<Record<TypeName, Record<number, string>>> = {
  ct_state: { 1: "invalid", 2: "established", 4: "related", 8: "new", 64: "untracked" },
  ct_status: {
    1: "expected",
    2: "seen-reply",
    4: "assured",
    8: "confirmed",
    16: "snat",
    32: "dnat",
    512: "dying",
  },
  tcp_flag: { 1: "fin", 2: "syn", 4: "rst", 8: "psh", 16: "ack", 32: "urg", 64: "ecn", 128: "cwr" },
}

/** Names by number (nft describe TYPE). */
const names: Partial<Record<TypeName, Record<number, string>>> = {
  nf_proto: { 2: "ipv4", 10: "ipv6" },
  ether_type: { 2048: "ip", 2054: "arp", 34525: "ip6", 33024: "8021q", 34984: "8021ad" },
  inet_proto: {
    1: "icmp",
    2: "igmp",
    6: "tcp",
    17: "udp",
    33: "dccp",
    47: "gre",
    50: "esp",
    51: "ah",
    58: "ipv6-icmp",
    132: "sctp",
    136: "udplite",
  },
  icmp_type: {
    0: "echo-reply",
    3: "destination-unreachable",
    4: "source-quench",
    5: "redirect",
    8: "echo-request",
    9: "router-advertisement",
    10: "router-solicitation",
    11: "time-exceeded",
    12: "parameter-problem",
    13: "timestamp-request",
    14: "timestamp-reply",
    15: "info-request",
    16: "info-reply",
    17: "address-mask-request",
    18: "address-mask-reply",
  },
  icmpv6_type: {
    1: "destination-unreachable",
    2: "packet-too-big",
    3: "time-exceeded",
    4: "parameter-problem",
    128: "echo-request",
    129: "echo-reply",
    130: "mld-listener-query",
    131: "mld-listener-report",
    132: "mld-listener-done",
    133: "nd-router-solicit",
    134: "nd-router-advert",
    135: "nd-neighbor-solicit",
    136: "nd-neighbor-advert",
    137: "nd-redirect",
    138: "router-renumbering",
    141: "ind-neighbor-solicit",
    142: "ind-neighbor-advert",
    143: "mld2-listener-report",
  },
  ct_dir: { 0: "original", 1: "reply" },
  pkt_type: { 0: "host", 1: "broadcast", 2: "multicast", 3: "other" },
  fib_addrtype: {
    0: "unspec",
    1: "unicast",
    2: "local",
    3: "broadcast",
    4: "anycast",
    5: "multicast",
    6: "blackhole",
    7: "unreachable",
    8: "prohibit",
  },
  boolean: { 0: "missing", 1: "exists" },
}
