import { parseAddress, printAddress } from "../../base/address.js"
import type { Problem } from "../../base/diagnostic.js"
import { maskWords } from "../../base/prefix.js"
import type { ValueSpec, XtValue } from "./extension.js"
import { badValue } from "./problem.js"
import { parseNumber } from "./value-number.js"

/** An address and its mask, as words: four of IPv6, one of IPv4. */
export interface MaskedAddress {
  readonly words: readonly number[]
  readonly mask: readonly number[]
}

/** An address's words. Of IPv4 fewer than four numbers may stand: iptables reads `10.1` as 10.1.0.0. */
export function addressWords(text: string, family: 4 | 6): readonly number[] | Problem {
  const padded = family === 4 && /^\d+(\.\d+){0,2}$/.test(text) ? padIpv4(text) : text
  const address = parseAddress(padded)
  if (address?.family === family) return address.words
  if (address)
    return badValue(`${text} is an IPv${address.family} address, and the rules are for IPv${family}`)
  if (/^[A-Za-z_][\w.-]*$/.test(text) && !(family === 6 && text.includes(":")))
    return {
      id: "xt-host-name",
      message: `${text} is a host name, and who it is hangs on whom one asks and when`,
      hint: "write its address",
    }
  return badValue(`"${text}" is not an IPv${family} address`)
}

function padIpv4(text: string): string {
  const parts = text.split(".")
  return [...parts, ...new Array<string>(4 - parts.length).fill("0")].join(".")
}

/** What stands behind a slash: a length, or a mask in the notation of addresses. */
export function maskOf(text: string, family: 4 | 6): readonly number[] | Problem {
  const width = family === 4 ? 32 : 128
  const length = /^\d+$/.test(text) || /^0x/i.test(text) ? parseNumber(text) : undefined
  if (length !== undefined) {
    if (length <= width) return maskWords(length, width / 32)
    return badValue(`/${text} is not a mask of an IPv${family} address (0 to ${width})`)
  }
  const address = parseAddress(text)
  return address?.family === family
    ? address.words
    : badValue(`/${text} is not a mask of an IPv${family} address`)
}

/** `192.0.2.0/24`, `192.0.2.7/255.0.0.255`, `192.0.2.7`: as it is written, bits behind the mask included. */
export function parseMasked(text: string, family: 4 | 6): MaskedAddress | Problem {
  const slash = text.indexOf("/")
  const words = addressWords(slash < 0 ? text : text.slice(0, slash), family)
  if ("id" in words) return words
  const mask = slash < 0 ? words.map(() => 0xffffffff) : maskOf(text.slice(slash + 1), family)
  return "id" in mask ? mask : { words, mask }
}

/** Bits behind the mask cleared, as the kernel compares. */
export function cleared({ words, mask }: MaskedAddress): MaskedAddress {
  return { words: words.map((word, index) => (word & mask[index]!) >>> 0), mask }
}

/** Ones and then zeros: how many; another mask: -1. */
export function lengthOfMask(mask: readonly number[]): number {
  const text = mask.map((word) => word.toString(2).padStart(32, "0")).join("")
  return /^1*0*$/.test(text) ? text.lastIndexOf("1") + 1 : -1
}

export function printWords(words: readonly number[]): string {
  return printAddress({ family: words.length === 1 ? 4 : 6, words })
}

/** With its length, or its mask where that is none. */
export function printMasked({ words, mask }: MaskedAddress): string {
  const length = lengthOfMask(mask)
  return `${printWords(words)}/${length < 0 ? printWords(mask) : length}`
}

/** An address with a mask. The value is `{ words, mask }`. `bareHost`: a mask of ones is not printed; `keepsHost`: bits behind the mask stay. */
export function maskedAddress({ bareHost = false, keepsHost = false } = {}): ValueSpec {
  return {
    shape: "address, address/length or address/mask",
    parse: (text, family) => {
      const parsed = parseMasked(text, family)
      if ("id" in parsed) return parsed
      const { words, mask } = keepsHost ? parsed : cleared(parsed)
      return { words, mask }
    },
    print: (value) => {
      const address = maskedOf(value)
      const isHost = address.mask.every((word) => word === 0xffffffff)
      return bareHost && isHost ? printWords(address.words) : printMasked(address)
    },
  }
}

/** A value of `maskedAddress`. */
export function maskedOf(value: XtValue | undefined): MaskedAddress {
  return value as unknown as MaskedAddress
}

/** One address. The value is the list of its words. */
export const oneAddress: ValueSpec = {
  shape: "address",
  parse: (text, family) => addressWords(text, family),
  print: (value) => printWords(value as readonly number[]),
}
