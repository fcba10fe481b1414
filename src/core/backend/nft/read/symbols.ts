import { parseAddress } from "../../../base/address.js"
import { didYouMean } from "../../../base/nearest.js"
import { services } from "../../../base/services.js"
import { symbolsOf } from "../../../ruleset/symbols.js"
import { dataTypes, isTextType, type TypeName, wordsOf } from "../../../ruleset/type.js"
import type { Literal } from "../../../ruleset/value.js"
import type { Context } from "./context.js"
import type { SyntaxLeaf } from "./syntax.js"
import { clockTime, relativeTime, timeOfDay } from "./time-words.js"
import { wordsOfNumber } from "./wide-number.js"

/** What a word says, or a sentence why it says nothing. */
type Said = bigint | { readonly text: string } | { readonly wrong: string; readonly names?: Iterable<string> }

/** IFNAMSIZ and NF_CT_HELPER_NAME_LEN of the kernel, their ending zeros included. */
const textMaximum = 16

/**
 * A word or a number as a value of a type: symbols by their names (`nft describe`), addresses, times, numbers of any base. `bits`: how many there are for it, where
 * a field has fewer than its type. Undefined: it was reported.
 */
export function literalOf(
  leaf: SyntaxLeaf,
  type: TypeName,
  context: Context,
  bits: number = dataTypes[type],
): Literal | undefined {
  const words = plainWords(leaf.value, type, bits)
  if (words) return words
  const said = meaningOf(leaf, type)
  if (typeof said === "object" && "wrong" in said) {
    context.report("nft-unknown-value", said.wrong, leaf, didYouMean(String(leaf.value), said.names ?? []))
    return undefined
  }
  if (typeof said === "object") {
    if (isTextType(type) && said.text !== "" && (type === "cgroupsv2" || said.text.length < textMaximum))
      return said.text
    const message =
      said.text === ""
        ? "nft takes no empty name"
        : `"${said.text}" is longer than the ${textMaximum - 1} characters that nft takes`
    context.report("nft-unknown-value", message, leaf)
    return undefined
  }
  if (said < 0n || said >= 1n << BigInt(bits)) {
    const maximum = (1n << BigInt(bits)) - 1n
    context.report("nft-value-too-large", `${String(leaf.value)} is not between 0 and ${maximum}`, leaf)
    return undefined
  }
  return wordsOfNumber(said, type)
}

/** Numbers that mean something else than they say, or are wrong above some value. */
const unusual: ReadonlySet<TypeName> = new Set(["ifname", "string", "time", "ct_label", "day", "hour"])

/** What nearly all elements of long sets are: an address, or a number of one word. Undefined: it is to be looked at closely. */
function plainWords(value: SyntaxLeaf["value"], type: TypeName, bits: number): readonly number[] | undefined {
  if (typeof value === "number") {
    const isPlain = wordsOf(type) === 1 && !unusual.has(type) && Number.isInteger(value)
    return isPlain && value >= 0 && value < 2 ** bits ? [value] : undefined
  }
  if (typeof value !== "string" || (type !== "ipv4_addr" && type !== "ipv6_addr")) return undefined
  const parsed = parseAddress(value)
  return parsed && parsed.words.length === wordsOf(type) && bits === dataTypes[type]
    ? parsed.words
    : undefined
}

function meaningOf(leaf: SyntaxLeaf, type: TypeName): Said {
  const { value } = leaf
  if (typeof value === "boolean") return value ? 1n : 0n
  if (value === null) return { wrong: "nft takes a value here" }
  if (typeof value === "number")
    return Number.isInteger(value)
      ? numberAs(BigInt(value), type)
      : { wrong: `${value} is not a whole number` }
  const special = readers[type]?.(value)
  if (special !== undefined) return special
  const known =
    symbolsOf(type).get(value) ?? (anyCase.has(type) ? symbolsOf(type).get(value.toLowerCase()) : undefined)
  if (known !== undefined) return BigInt(known)
  // Text in quotation marks is a number too: an nft ruleset in JSON writes some so.
  if (/^(0x[0-9a-f]+|\d+)$/i.test(value) && !isNameType(type)) return numberAs(BigInt(value), type)
  if (type === "ifname" || type === "iface_index" || type === "string" || type === "cgroupsv2")
    return { text: value }
  return { wrong: `"${value}" is no ${nounOf(type)}`, names: namesFor(type) }
}

/** Names that nft finds in any case. */
const anyCase: ReadonlySet<TypeName> = new Set(["inet_proto"])

function isNameType(type: TypeName): boolean {
  return type === "ifname" || type === "string"
}

/** A number in the place of a name: seconds are what a span of time is counted in, and its values are milliseconds. */
function numberAs(value: bigint, type: TypeName): Said {
  if (type === "ifname" || type === "string") return { text: value.toString() }
  if (type === "time") return value * 1000n
  if (type === "ct_label")
    return value < 128n ? 1n << value : { wrong: `there are labels from 0 to 127, not ${value}` }
  if (type === "day" && value > 6n)
    return { wrong: `${value} is no day of the week: they are 0 (Sunday) to 6` }
  if (type === "hour" && value > 86_399n) return { wrong: `${value} is more than a day's seconds` }
  return value
}

const readers: Partial<Record<TypeName, (text: string) => Said | undefined>> = {
  ipv4_addr: (text) => addressOf(text, 4),
  ipv6_addr: (text) => addressOf(text, 6),
  ether_addr: etherAddress,
  inet_service: (text) => {
    const found = services.get(text)
    return found && BigInt(found.port)
  },
  classid: trafficHandle,
  time: relativeTime,
  absolute_time: clockTime,
  hour: timeOfDay,
}

function addressOf(text: string, family: 4 | 6): Said | undefined {
  // A host name that needs nobody to be asked.
  const parsed = parseAddress(text === "localhost" ? (family === 4 ? "127.0.0.1" : "::1") : text)
  if (!parsed) return undefined
  if (parsed.family !== family) return { wrong: `${text} is not an IPv${family} address` }
  return parsed.words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n)
}

function etherAddress(text: string): Said | undefined {
  const parts = text.split(":")
  if (parts.length !== 6 || !parts.every((part) => /^[0-9a-f]{1,2}$/i.test(part))) return undefined
  return parts.reduce((sum, part) => (sum << 8n) | BigInt(Number.parseInt(part, 16)), 0n)
}

/** `1:1234`: a class of traffic control, in hexadecimal. */
function trafficHandle(text: string): Said | undefined {
  const parts = /^([0-9a-f]{0,4}):([0-9a-f]{0,4})$/i.exec(text)
  if (!parts) return undefined
  return (BigInt(`0x${parts[1] || "0"}`) << 16n) | BigInt(`0x${parts[2] || "0"}`)
}

function namesFor(type: TypeName): Iterable<string> {
  return type === "inet_service" ? services.keys() : symbolsOf(type).keys()
}

const nouns: Partial<Record<TypeName, string>> = {
  ipv4_addr: "IPv4 address",
  ipv6_addr: "IPv6 address",
  ether_addr: "Ethernet address",
  inet_service: "port or name of a service",
  inet_proto: "protocol",
  integer: "number",
  xinteger: "number",
  mark: "mark",
  time: "span of time",
  absolute_time: "date and time",
  hour: "time of day",
  uid: "user whose number is known here",
  gid: "group whose number is known here",
}

function nounOf(type: TypeName): string {
  return nouns[type] ?? `value of the type ${type}`
}
