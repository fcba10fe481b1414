import { parseAddress } from "../../base/address.js"
import { isProblem, type Problem } from "../../base/diagnostic.js"
import type { SetDeclaration } from "../../ruleset/ruleset.js"
import type { Item } from "../../ruleset/value.js"
import { icmpNames, icmpv6Names } from "../../ruleset/xtables/match/icmp-types.js"
import { badValue } from "../../ruleset/xtables/problem.js"
import { parseProtocol } from "../../ruleset/xtables/protocols.js"
import { addressWords } from "../../ruleset/xtables/value-address.js"
import { numberIn } from "../../ruleset/xtables/value-number.js"
import { parsePort } from "../../ruleset/xtables/value-port.js"
import { membersOf } from "./ipset-range.js"
import type { IpsetState } from "./ipset-state.js"

/** `192.0.2.1,tcp:80` by the parts of the set's type: the elements that it stands for. */
export function parseElement(
  text: string,
  { parts, family, declaration }: IpsetState,
): readonly Item[] | Problem {
  const texts = text.split(",")
  if (texts.length !== parts.length)
    return badValue(
      `an element of this set has ${parts.length} ${parts.length === 1 ? "part" : "parts"}, and "${text}" has ${texts.length}`,
    )
  const items: Item[] = []
  const single: boolean[] = []
  for (const [index, part] of parts.entries()) {
    const found = partItems(texts[index]!, part, family, declaration)
    if (isProblem(found)) return found
    items.push(...(found as readonly Item[]))
    single.push(...(found as readonly Item[]).map(() => part !== "net"))
  }
  return membersOf(items, single)
}

function partItems(
  text: string,
  part: string,
  family: 4 | 6,
  declaration: SetDeclaration,
): readonly Item[] | Problem {
  switch (part) {
    case "port":
      return portItems(text, family, declaration.key[0] === "inet_service")
    case "mac": {
      if (!/^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i.test(text))
        return badValue(`"${text}" is not a hardware address`)
      const bytes = text.split(":").map((byte) => Number.parseInt(byte, 16))
      return [
        {
          value: [
            ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0,
            bytes[4]! * 256 + bytes[5]!,
          ],
        },
      ]
    }
    case "mark": {
      const mark = numberIn(text, 0, 0xffffffff)
      return typeof mark === "number" ? [{ value: [mark] }] : mark
    }
    case "iface":
      return text.length > 0 && text.length <= 15
        ? [{ value: text.replace(/^physdev:/, "") }]
        : badValue(`"${text}" is not an interface`)
    default:
      return addressItems(text, family, declaration.keyLength)
  }
}

function addressItems(text: string, family: 4 | 6, keyLength: number | undefined): readonly Item[] | Problem {
  const width = family === 4 ? 32 : 128
  const range = text.split("-")
  if (range.length === 2) {
    const [from, to] = range.map((each) => addressWords(each, family)) as [
      readonly number[] | Problem,
      readonly number[] | Problem,
    ]
    if ("id" in from) return from
    return "id" in to ? to : [{ from, to }]
  }
  const slash = text.indexOf("/")
  const host = slash < 0 ? text : text.slice(0, slash)
  const words = addressWords(host, family)
  if ("id" in words) return words
  // What iptables pads behind, ipset pads before: nobody writes it.
  if (!parseAddress(host)) return badValue(`"${host}" is not an IPv4 address`)
  const length = slash < 0 ? (keyLength ?? width) : numberIn(text.slice(slash + 1), 0, width)
  if (typeof length !== "number") return length
  const cut = words.map((word, index) => {
    const ones = Math.min(32, Math.max(0, length - 32 * index))
    return ones === 0 ? 0 : (word & (0xffffffff << (32 - ones))) >>> 0
  })
  return length === width || slash < 0 ? [{ value: cut }] : [{ prefix: cut, length }]
}

/** `80`, `tcp:80`, `udp:53-54`, `icmp:8/0`: TCP unless told. Of a bitmap the port alone. */
function portItems(text: string, family: 4 | 6, isAlone: boolean): readonly Item[] | Problem {
  const colon = text.indexOf(":")
  const protocol = colon < 0 ? 6 : parseProtocol(text.slice(0, colon))
  if (typeof protocol !== "number") return protocol
  const rest = colon < 0 ? text : text.slice(colon + 1)
  const named = protocol === 1 ? icmpNames[rest] : protocol === 58 ? icmpv6Names[rest] : undefined
  const typeAndCode = /^(\d+)\/(\d+)$/.exec(rest)
  if (protocol === 1 || protocol === 58) {
    const value = named
      ? named[0] * 256 + named[1]
      : typeAndCode
        ? Number(typeAndCode[1]) * 256 + Number(typeAndCode[2])
        : undefined
    if (value === undefined || value > 65535)
      return badValue(`"${rest}" is not a type of ICMP${family === 6 ? "v6" : ""}`)
    return [{ value: [protocol] }, { value: [value] }]
  }
  const ends = rest.split("-").map(parsePort)
  const wrong = ends.find(isProblem)
  if (wrong) return wrong
  const [from = 0, to = from] = ends as number[]
  const port: Item = from === to ? { value: [from] } : { from: [from], to: [to] }
  return isAlone ? [port] : [{ value: [protocol] }, port]
}
