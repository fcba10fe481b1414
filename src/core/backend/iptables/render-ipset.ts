import { printAddress } from "../../base/address.js"
import type { Unsupported } from "../../ruleset/kind.js"
import type { SetDeclaration, SetElement } from "../../ruleset/ruleset.js"
import { type TypeName, wordsOf } from "../../ruleset/type.js"
import type { Item, Literal } from "../../ruleset/value.js"
import { protocolName } from "../../ruleset/xtables/protocols.js"
import { quoteWord } from "../../ruleset/xtables/quote.js"
import { DEFAULT_SIZE } from "./ipset-state.js"

const SECOND = 1e9

/** The lines that `ipset restore` reads: the set, then its elements. */
export function renderIpset(set: SetDeclaration, family: 4 | 6): readonly string[] | Unsupported {
  if (set.data !== undefined) return { unsupported: `ipset has no maps, and ${set.name} is one` }
  const type = ipsetType(set)
  if (type === undefined)
    return { unsupported: `ipset has no sets of ${set.key.join(" . ")}, as ${set.name} is one` }
  const lines = [`create ${set.name} ${type}${createOptions(set, type, family)}`]
  for (const element of set.elements ?? []) {
    const text = elementText(element.key, set.key)
    if (text === undefined)
      return { unsupported: `an element of ${set.name} has a form that ipset does not have` }
    lines.push(`add ${set.name} ${text}${elementOptions(element)}`)
  }
  return lines
}

function createOptions(set: SetDeclaration, type: string, family: 4 | 6): string {
  const isHash = type.startsWith("hash:")
  const { statements = [] } = set
  return [
    isHash && type !== "hash:mac" ? ` family ${family === 4 ? "inet" : "inet6"}` : "",
    type === "bitmap:port" ? " range 0-65535" : "",
    isHash && set.size !== undefined && set.size !== DEFAULT_SIZE ? ` maxelem ${set.size}` : "",
    set.keyLength === undefined ? "" : ` netmask ${set.keyLength}`,
    set.flags.includes("timeout") ? ` timeout ${Math.ceil((set.timeout ?? 0) / SECOND)}` : "",
    statements.some(({ step }) => step === "counter") ? " counters" : "",
    (set.elements ?? []).some(({ comment }) => comment !== undefined) ? " comment" : "",
  ].join("")
}

function elementOptions({ timeout, comment }: SetElement): string {
  const life =
    timeout === undefined ? "" : ` timeout ${timeout === Infinity ? 0 : Math.ceil(timeout / SECOND)}`
  const said =
    comment === undefined
      ? ""
      : ` comment ${quoteWord(comment).startsWith('"') ? quoteWord(comment) : `"${comment}"`}`
  return `${life}${said}`
}

/** `hash:ip,port`: a protocol is part of the port behind it. Undefined: ipset has no such type. */
function ipsetType({ key, flags }: SetDeclaration): string | undefined {
  if (key.length === 1 && key[0] === "inet_service") return "bitmap:port"
  const names: string[] = []
  for (const [index, type] of key.entries()) {
    if (type === "inet_proto" && key[index + 1] === "inet_service") continue
    if (type === "inet_service" && key[index - 1] !== "inet_proto") return undefined
    const name =
      type === "ipv4_addr" || type === "ipv6_addr"
        ? flags.includes("interval")
          ? "net"
          : "ip"
        : partNames[type]
    if (name === undefined) return undefined
    names.push(name)
  }
  // Of a key with a port in the middle the last address may be a network, the first is a host.
  if (names.join(",") === "net,port,net" || known.has(names.join(","))) return `hash:${names.join(",")}`
  return undefined
}

const partNames: Partial<Record<TypeName, string>> = {
  inet_service: "port",
  ether_addr: "mac",
  mark: "mark",
  ifname: "iface",
}

const known = new Set([
  "ip",
  "net",
  "ip,port",
  "net,port",
  "ip,port,ip",
  "net,net",
  "net,iface",
  "mac",
  "ip,mark",
  "ip,mac",
])

function elementText(item: Item, types: readonly TypeName[]): string | undefined {
  const items = "parts" in item ? item.parts : [item]
  const texts: string[] = []
  for (let index = 0; index < types.length; index++) {
    const type = types[index]!
    const part = items[index]
    if (!part) return undefined
    if (type === "inet_proto" && "value" in part) {
      const port = items[++index]
      const protocol = part.value[0] as number
      const text = port && itemText(port, "inet_service")
      if (text === undefined) return undefined
      const isIcmp = protocol === 1 || protocol === 58
      const number = Number(text)
      texts.push(`${protocolName(protocol)}:${isIcmp ? `${number >>> 8}/${number & 255}` : text}`)
      continue
    }
    const text = itemText(part, type)
    if (text === undefined) return undefined
    texts.push(text)
  }
  return texts.join(",")
}

function itemText(item: Item, type: TypeName): string | undefined {
  if ("value" in item) return literalText(item.value, type)
  if ("prefix" in item) return `${literalText(item.prefix, type)}/${item.length}`
  if ("from" in item) return `${literalText(item.from, type)}-${literalText(item.to, type)}`
  return undefined
}

function literalText(literal: Literal, type: TypeName): string {
  if (typeof literal === "string") return literal
  if (type === "ipv4_addr" || type === "ipv6_addr")
    return printAddress({ family: wordsOf(type) === 1 ? 4 : 6, words: literal })
  if (type === "ether_addr") {
    const [high = 0, low = 0] = literal
    const bytes = [high >>> 24, (high >>> 16) & 255, (high >>> 8) & 255, high & 255, low >>> 8, low & 255]
    return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":")
  }
  return type === "mark" ? `0x${literal[0]!.toString(16).padStart(8, "0")}` : String(literal[0])
}
