import { parseAddress } from "../../base/address.js"
import { isProblem } from "../../base/diagnostic.js"
import { normalise, type Prefix, parsePrefix, printPrefix, unmapped } from "../../base/prefix.js"
import { zone } from "./findings.js"
import { policyPort, readCsfPort } from "./port.js"

/** Ports that one source may dial. */
export interface PartlyOpen {
  readonly ports: readonly string[]
  readonly from: Prefix
  readonly to?: Prefix
}

/** A line of csf.allow or csf.deny with fields: `tcp|in|d=22|s=192.0.2.1`. */
export type AdvancedFilter =
  /** Packets of it, as a phrase. */
  | {
      readonly kind: "phrase"
      readonly phrase: string
      /** The same as an item of `open`: where it is about new connections to ports from somebody. */
      readonly opening?: PartlyOpen
      readonly direction: "in" | "out"
      /** In iptables' words. */
      readonly match: string
      readonly families: readonly (4 | 6)[]
    }
  /** CSF takes it, and a phrase cannot say it. */
  | { readonly kind: "unsaid"; readonly why: string }
  | { readonly kind: "malformed"; readonly why: string }

/** An address or network as iptables takes it, which forgets what lies behind the length. */
export function readNetwork(text: string): Prefix | undefined {
  const read = parsePrefix(text)
  if (!isProblem(read)) return unmapped(read)
  const [address = "", length = "", ...more] = text.split("/")
  if (read.id !== "host-bits-set" || more.length > 0) return undefined
  const parsed = parseAddress(address)
  return parsed && normalise({ address: parsed, length: Number(length) })
}

export function isAdvanced(text: string): boolean {
  return text.includes("|") || /(?:^|:)[sdug]=/i.test(text)
}

/** Fields stand between `|`, or in old files between `:`; what is left out is tcp and in. */
export function readAdvancedFilter(text: string): AdvancedFilter {
  const fields = text
    .toLowerCase()
    .split(text.includes("|") ? "|" : ":")
    .map((field) => field.trim())
    .filter((field) => field !== "")
  let protocol = "tcp"
  let direction: "in" | "out" = "in"
  let ports: string | undefined
  let source: Prefix | undefined
  let destination: Prefix | undefined
  for (const field of fields) {
    if (field === "tcp" || field === "udp" || field === "icmp") protocol = field
    else if (field === "in" || field === "out") direction = field
    else {
      const [, side, value = ""] = /^([sdug])=(.+)$/.exec(field) ?? []
      if (side === undefined) return { kind: "malformed", why: `"${field}" is no field of it` }
      if (side === "u" || side === "g")
        return { kind: "unsaid", why: "a phrase cannot ask whose program sends" }
      const network = /[.:/]/.test(value) ? readNetwork(value) : undefined
      if (network) {
        if (side === "s") source = network
        else destination = network
      } else if (side === "s")
        return { kind: "unsaid", why: "a phrase asks for the port that was dialled, not for the source's" }
      else if (protocol === "icmp") return { kind: "unsaid", why: "a phrase cannot ask for a type of ICMP" }
      else {
        const read = value.split(",").map((port) => readCsfPort(port.replace("_", ":")))
        for (const port of read) if (port.kind !== "range") return { kind: "malformed", why: port.why }
        const texts = read.map((port) => (port.kind === "range" ? policyPort(port.range) : undefined))
        if (texts.includes(undefined)) return { kind: "unsaid", why: "nobody dials port 0" }
        ports = texts.join(",")
      }
    }
  }
  if (source === undefined && destination === undefined && ports === undefined)
    return { kind: "malformed", why: "it names neither an address nor a port" }
  const words = [
    `${direction} on ${zone} ${protocol}`,
    ...(ports === undefined ? [] : [`port ${ports}`]),
    ...(source === undefined ? [] : [`from ${printPrefix(source)}`]),
    ...(destination === undefined ? [] : [`to ${printPrefix(destination)}`]),
  ]
  const match = [
    ...(source === undefined ? [] : [`-s ${printPrefix(source)}`]),
    ...(destination === undefined ? [] : [`-d ${printPrefix(destination)}`]),
    `-p ${protocol}`,
    ...(ports === undefined ? [] : [`-m multiport --dports ${ports.replaceAll("-", ":")}`]),
  ]
  const family = (source ?? destination)?.address.family
  if (source && destination && source.address.family !== destination.address.family)
    return { kind: "malformed", why: "its addresses are of different IP versions" }
  const families = family === undefined ? ([4, 6] as const) : [family]
  const opening =
    direction === "in" && source && ports !== undefined
      ? {
          ports: ports.split(",").map((port) => `${port}/${protocol}`),
          from: source,
          ...(destination && { to: destination }),
        }
      : undefined
  const said = { phrase: words.join(" "), match: match.join(" "), ...(opening && { opening }) }
  return { kind: "phrase", direction, families, ...said }
}
