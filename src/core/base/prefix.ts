import { type Address, compareAddresses, parseAddress, printAddress, sameAddress } from "./address.js"
import { isProblem, type Problem } from "./diagnostic.js"

/** An address and how many of its leading bits count. Bits behind the length are zero. A host is /32 or /128. */
export interface Prefix {
  readonly address: Address
  readonly length: number
}

/** Reads `192.0.2.0/24`, or an address alone as its host prefix. Bits behind the length are a problem: the writer meant a host or another network. */
export function parsePrefix(text: string): Prefix | Problem {
  const slash = text.indexOf("/")
  const written = slash < 0 ? text : text.slice(0, slash)
  const address = parseAddress(written)
  if (!address) return { id: "not-an-address", message: `"${written}" is not an IPv4 or IPv6 address` }
  const width = widthOf(address)
  if (slash < 0) return { address, length: width }
  const digits = text.slice(slash + 1)
  if (!/^(0|[1-9]\d{0,2})$/.test(digits) || Number(digits) > width) {
    return {
      id: "bad-prefix-length",
      message: `"/${digits}" is not a prefix length of an IPv${address.family} address (0 to ${width})`,
    }
  }
  const prefix = normalise({ address, length: Number(digits) })
  if (sameAddress(prefix.address, address)) return prefix
  return {
    id: "host-bits-set",
    message: `${text} has bits set behind its length`,
    hint: `the network is ${printPrefix(prefix)}, the host is ${printAddress(address)}`,
  }
}

/** A host without its length, a network with it. */
export function printPrefix(prefix: Prefix): string {
  return isHost(prefix) ? printAddress(prefix.address) : `${printAddress(prefix.address)}/${prefix.length}`
}

/** Bits in an address of this family: 32 or 128. */
export function widthOf(address: Address): number {
  return address.family === 4 ? 32 : 128
}

export function isHost(prefix: Prefix): boolean {
  return prefix.length === widthOf(prefix.address)
}

export function hostPrefix(address: Address): Prefix {
  return { address, length: widthOf(address) }
}

/** The same prefix with the bits behind its length cleared. */
export function normalise(prefix: Prefix): Prefix {
  const mask = maskWords(prefix.length, prefix.address.words.length)
  const words = prefix.address.words.map((word, index) => (word & mask[index]!) >>> 0)
  return { address: { family: prefix.address.family, words }, length: prefix.length }
}

/** `length` ones and then zeros, in as many words. */
export function maskWords(length: number, words: number): number[] {
  return Array.from({ length: words }, (_, index) => {
    const ones = Math.min(32, Math.max(0, length - 32 * index))
    return ones === 0 ? 0 : (0xffffffff << (32 - ones)) >>> 0
  })
}

/** The last address of a prefix. */
export function lastAddress(prefix: Prefix): Address {
  const mask = maskWords(prefix.length, prefix.address.words.length)
  const words = prefix.address.words.map((word, index) => (word | ~mask[index]!) >>> 0)
  return { family: prefix.address.family, words }
}

/** Whether the address, or the whole of the other prefix, lies in this one. */
export function contains(prefix: Prefix, inner: Address | Prefix): boolean {
  const other = "length" in inner ? inner : hostPrefix(inner)
  if (other.address.family !== prefix.address.family || other.length < prefix.length) return false
  return sameAddress(normalise({ address: other.address, length: prefix.length }).address, prefix.address)
}

/** Prefixes overlap when one contains the other. */
export function overlaps(left: Prefix, right: Prefix): boolean {
  return contains(left, right) || contains(right, left)
}

/** By family and address, the wider one first. */
export function comparePrefixes(left: Prefix, right: Prefix): number {
  return compareAddresses(left.address, right.address) || left.length - right.length
}

/**
 * The IPv4 network that an IPv4-mapped one stands for (`::ffff:192.0.2.7`, RFC 4291, 2.5.5.2): how logs of servers with one socket for both families write who came.
 * No packet carries such an address.
 */
export function unmapped(prefix: Prefix): Prefix {
  const { address, length } = prefix
  const [first, second, third, fourth] = address.words
  const isMapped = address.family === 6 && length >= 96 && first === 0 && second === 0 && third === 0xffff
  return isMapped ? { address: { family: 4, words: [fourth!] }, length: length - 96 } : prefix
}

export function isPrefix(value: Prefix | Problem): value is Prefix {
  return !isProblem(value)
}
