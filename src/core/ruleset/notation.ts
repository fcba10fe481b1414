import { printAddress } from "../base/address.js"
import { printDuration } from "../base/duration.js"
import { namesOf, symbolsOf } from "./symbols.js"
import { dataTypes, type TypeName } from "./type.js"
import type { Item, Literal } from "./value.js"

/** How `nft list` was asked to write. */
export interface Notation {
  /** `nft -p`: protocols as numbers. */
  readonly numericProtocols?: boolean
  /** In the words of the newest nft, where older ones do not know them: `fib … check` for `fib … oif`. */
  readonly newest?: boolean
}

/**
 * Values in nft's notation, by their types: addresses, interface names in quotes, states and flags by name. As `nft list` prints them where it prints
 * something that people read; numbers where its names mislead (an ICMP code's name hangs on the type).
 */
export function itemToNft(item: Item, types: readonly TypeName[], notation: Notation = {}): string {
  if ("parts" in item)
    return item.parts.map((part, index) => itemToNft(part, [types[index]!], notation)).join(" . ")
  if ("others" in item) return "*"
  const type = types[0]!
  if ("value" in item) return literalToNft(item.value, type, notation)
  if ("from" in item) return `${endToNft(item.from, type)}-${endToNft(item.to, type)}`
  return `${literalToNft(item.prefix, type)}/${item.length}`
}

/** `fin | syn` where several bits are set: in a set or behind an operator. */
export function literalToNft(literal: Literal, type: TypeName, notation: Notation = {}): string {
  if (typeof literal === "string") return `"${literal}"`
  if (type === "ct_label") return labelsOf(literal).join(" | ") || "0x0"
  const number = literal[0] ?? 0
  if (isBitType(type)) return bitsToNft(number, type).join(type === "ct_event" ? "," : " | ") || "0x0"
  if (numeric.has(type) || (type === "inet_proto" && notation.numericProtocols)) return String(number)
  const name = namesOf(type).get(number)
  if (name !== undefined) return quoted.has(type) ? `"${name}"` : name
  return printers[type]?.(literal) ?? String(number)
}

/** An end of a range: in numbers, for nft reads a hyphen between names as part of one name. */
function endToNft(literal: Literal, type: TypeName): string {
  if (typeof literal === "string") return literalToNft(literal, type)
  if (type === "time") return `${Math.floor(wide(literal) / 1000)}s`
  return printers[type]?.(literal) ?? String(literal[0] ?? 0)
}

/** `established,new`: nft's short form for "one of these bits". */
export function bitListToNft(words: readonly number[], type: TypeName): string {
  if (type === "ct_label") return labelsOf(words).join(",")
  return bitsToNft(words[0] ?? 0, type).join(",") || hex(words)
}

const bitTypes = new Set<TypeName>(["ct_state", "ct_status", "ct_event", "ct_label", "tcp_flag"])

/** Types whose values are bits, where `==` and nft's default operator differ. */
export function isBitType(type: TypeName): boolean {
  return bitTypes.has(type)
}

/** How a mask is written: as an address for addresses, names in brackets for bits, else in hexadecimal. */
export function maskToNft(mask: readonly number[], type: TypeName): string {
  if (isBitType(type)) {
    const text = literalToNft(mask, type)
    return text.includes("|") ? `(${text})` : text
  }
  return type === "ipv4_addr" ||
    type === "ipv6_addr" ||
    type === "ether_addr" ||
    type === "mark" ||
    type === "dscp" ||
    type === "ecn"
    ? literalToNft(mask, type)
    : decimalMasks.has(type)
      ? decimal(mask)
      : hex(mask)
}

/** Numbers that nft lists in decimal, masks too. */
const decimalMasks = new Set<TypeName>(["integer", "integer64", "inet_service", "inet_proto"])

/** The length of a mask of ones and then zeros, or -1. `width`: of its value in bits, where that is not its type's. */
export function prefixLengthOf(
  mask: readonly number[],
  type: TypeName,
  width: number = dataTypes[type],
): number {
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

function bitsToNft(number: number, type: TypeName): string[] {
  const found: string[] = []
  let rest = number
  for (const [name, bit] of symbolsOf(type)) {
    if ((rest & bit) === 0) continue
    found.push(name)
    rest &= ~bit
  }
  if (rest !== 0) found.push(hex([rest >>> 0]))
  return found
}

/** A connection's labels are bits by number, the lowest bit of the last word being 0. */
function labelsOf(words: readonly number[]): string[] {
  const found: string[] = []
  for (let bit = 0; bit < words.length * 32; bit++) {
    const word = words[words.length - 1 - (bit >>> 5)]!
    if (((word >>> (bit & 31)) & 1) === 1) found.push(String(bit))
  }
  return found
}

/** Words as one hexadecimal number. */
export function hex(words: readonly number[]): string {
  const digits = words.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("")
  return `0x${digits.replace(/^0+(?=.)/, "")}`
}

/** Two words as one number. */
function wide(words: readonly number[]): number {
  return words.reduce((sum, word) => sum * 2 ** 32 + word, 0)
}

function etherAddress(words: readonly number[]): string {
  const digits = (words[0] ?? 0).toString(16).padStart(8, "0") + (words[1] ?? 0).toString(16).padStart(4, "0")
  return digits.match(/../g)!.join(":")
}

function trafficHandle(number: number): string {
  return `${(number >>> 16).toString(16)}:${(number & 0xffff).toString(16)}`
}

function timeOfDay(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  if (parts[2] === 0) parts.pop()
  return `"${parts.map((part) => String(part).padStart(2, "0")).join(":")}"`
}

/** In UTC: nft says it in the time zone of the host it runs on. */
function dateAndTime(seconds: number): string {
  const [year, month, day] = civilDate(Math.floor(seconds / 86_400))
  const rest = seconds % 86_400
  const two = (number: number) => String(number).padStart(2, "0")
  const clock = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map(two).join(":")
  return `"${year}-${two(month)}-${two(day)} ${clock}"`
}

/** Year, month and day of a number of days since 1970, in the Gregorian calendar; years begin with March while it is counted. */
function civilDate(days: number): [number, number, number] {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const month = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * month + 2) / 5) + 1
  const january = month < 10 ? month + 3 : month - 9
  return [yearOfEra + era * 400 + (january <= 2 ? 1 : 0), january, day]
}

const printers: Partial<Record<TypeName, (words: readonly number[]) => string>> = {
  ipv4_addr: (words) => printAddress({ family: 4, words }),
  ipv6_addr: printIpv6,
  ether_addr: etherAddress,
  ether_type: ([number]) => `0x${number!.toString(16).padStart(4, "0")}`,
  mark: ([number]) => `0x${number!.toString(16).padStart(8, "0")}`,
  dscp: ([number]) => `0x${number!.toString(16).padStart(2, "0")}`,
  classid: ([number]) => trafficHandle(number!),
  time: (words) => printDuration(wide(words) * 1e6),
  absolute_time: (words) => dateAndTime(wide(words)),
  hour: ([number]) => timeOfDay(number!),
  integer64: (words) => decimal(words),
  cgroupsv2: (words) => decimal(words),
  xinteger: hex,
  xinteger64: hex,
  xinteger128: hex,
}

/** As glibc prints it, and so nft: IPv4-compatible addresses end in dots too. */
function printIpv6(words: readonly number[]): string {
  const isCompatible = words[0] === 0 && words[1] === 0 && words[2] === 0 && words[3]! > 0xffff
  if (isCompatible) return `::${printAddress({ family: 4, words: [words[3]!] })}`
  return printAddress({ family: 6, words })
}

function decimal(words: readonly number[]): string {
  return words.reduce((sum, word) => sum * 2n ** 32n + BigInt(word), 0n).toString()
}

/** Types that have names, and whose numbers are listed. */
const numeric = new Set<TypeName>(["icmp_code", "icmpv6_code", "uid", "gid"])

/** Types whose names stand in quotes. */
const quoted = new Set<TypeName>(["day", "devgroup", "realm"])
