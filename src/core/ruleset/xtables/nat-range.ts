import type { Problem } from "../../base/diagnostic.js"
import type { ValueSpec, XtValue } from "./extension.js"
import { badValue } from "./problem.js"
import { addressWords, printWords } from "./value-address.js"
import { numberIn } from "./value-number.js"
import { parsePort } from "./value-port.js"

/** Where NAT leads: addresses, ports, or both. A shift (`/BASE`): a port stays as far from the first as the packet's is from the base. */
export interface NatRange {
  readonly [key: string]: XtValue
  /** The words of the first and the last address, or null. */
  readonly addresses: readonly [readonly number[], readonly number[]] | null
  readonly ports: readonly [number, number] | null
  readonly base: number | null
}

/** `1.1.1.1-1.1.1.9:80-90`, `[2001:db8::1-2001:db8::9]:80`, `:80`. The value is a `NatRange`. */
export const natRange: ValueSpec = {
  shape: "address or range of addresses, behind a colon a port or range of ports: 192.0.2.1:80",
  parse: (text, family) => parseNatRange(text, family),
  print: (value) => printNatRange(value as NatRange),
}

export function natRangeOf(value: XtValue | undefined): NatRange {
  return value as NatRange
}

function parseNatRange(text: string, family: 4 | 6): NatRange | Problem {
  const parts =
    family === 4
      ? /^([^:]*)(?::(.*))?$/.exec(text)
      : /^(?:\[([^\]]*)\]|([^[\]]*?))(?:(?<=\]|^):(.*))?$/.exec(text)
  if (!parts || text === "") return badValue(`"${text}" is not where addresses could be translated to`)
  const hosts = family === 4 ? parts[1]! : (parts[1] ?? parts[2] ?? "")
  const portText = family === 4 ? parts[2] : parts[3]
  const addresses = hosts === "" ? null : parseAddresses(hosts, family)
  if (addresses && "id" in addresses) return addresses
  if (portText === undefined) {
    return addresses ? { addresses, ports: null, base: null } : badValue(`"${text}" is not an address`)
  }
  const ports = parsePorts(portText)
  return "id" in ports ? ports : { addresses, ...ports }
}

function parseAddresses(
  text: string,
  family: 4 | 6,
): readonly [readonly number[], readonly number[]] | Problem {
  const at = text.indexOf("-")
  const from = addressWords(at < 0 ? text : text.slice(0, at), family)
  if ("id" in from) return from
  const to = at < 0 ? from : addressWords(text.slice(at + 1), family)
  return "id" in to ? to : [from, to]
}

/** `80`, `80-90`, `80-90/70`: names of services are taken for a port alone and for the base. */
export function parsePorts(
  text: string,
  takesBase = true,
): { readonly ports: readonly [number, number]; readonly base: number | null } | Problem {
  const [range = "", baseText, ...more] = text.split("/")
  if (more.length > 0 || (baseText !== undefined && !takesBase))
    return badValue(`"${text}" is not a port or a range of ports`)
  const numbers = /^(\d+)-(\d+)$/.exec(range)
  const single = numbers ? undefined : parsePort(range)
  if (single !== undefined && typeof single !== "number") return single
  const from = numbers ? Number(numbers[1]) : single!
  const to = numbers ? Number(numbers[2]) : single!
  if (from > 65535 || to > 65535) return badValue(`a port is at most 65535: ${range}`)
  if (from > to) return badValue(`the range ${range} runs backwards`)
  if (baseText === undefined) return { ports: [from, to], base: null }
  const base = /^\d+$/.test(baseText) ? numberIn(baseText, 1, 65535) : parsePort(baseText)
  return typeof base === "number" ? { ports: [from, to], base } : base
}

function printNatRange({ addresses, ports, base }: NatRange): string {
  const hosts = addresses ? printAddresses(addresses) : ""
  if (!ports) return hosts
  const isSix = addresses?.[0].length === 4
  return `${isSix ? `[${hosts}]` : hosts}:${printPorts(ports)}${base === null ? "" : `/${base}`}`
}

function printAddresses([from, to]: readonly [readonly number[], readonly number[]]): string {
  const [first, last] = [printWords(from), printWords(to)]
  return first === last ? first : `${first}-${last}`
}

export function printPorts([from, to]: readonly [number, number]): string {
  return from === to ? `${from}` : `${from}-${to}`
}

/** What nft writes behind `to`. */
export function natRangeToNft(range: NatRange): string {
  const { addresses, ports } = range
  const hosts = addresses ? printAddresses(addresses) : ""
  if (!ports) return hosts
  const isSix = addresses?.[0].length === 4
  return `${isSix ? `[${hosts.replace("-", "]-[")}]` : hosts}:${printPorts(ports)}`
}
