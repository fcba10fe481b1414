import type { Packet } from "../../../packet/packet.js"
import { BREAK, CONTINUE, type Step } from "../../runtime.js"
import type { Extension, ValueSpec, XtOption } from "../extension.js"
import { badOptions } from "../problem.js"
import { addressWords, printWords } from "../value-address.js"

/** The value is the pair of both ends' words. */
const addressRange: ValueSpec = {
  shape: "address, or range of addresses: 192.0.2.1-192.0.2.9",
  parse: (text, family) => {
    const at = text.indexOf("-")
    const from = addressWords(at < 0 ? text : text.slice(0, at), family)
    if ("id" in from) return from
    const to = at < 0 ? from : addressWords(text.slice(at + 1), family)
    return "id" in to ? to : [from, to]
  },
  print: (value) => (value as readonly (readonly number[])[]).map(printWords).join("-"),
}

/** Addresses between two ends, both included. A range that runs backwards matches nothing. */
export const iprange: Extension = {
  name: "iprange",
  role: "match",
  families: [4, 6],
  options: [
    { name: "src-range", value: addressRange, invertible: true },
    { name: "dst-range", value: addressRange, invertible: true },
  ],
  check: (options) =>
    options.length === 0 ? badOptions("iprange needs --src-range or --dst-range") : undefined,
  toNft: (options, family) =>
    options
      .map(({ name, value, negated }) => {
        const [from, to] = (value as readonly (readonly number[])[]).map(printWords)
        const key = `${family === 4 ? "ip" : "ip6"} ${name === "src-range" ? "saddr" : "daddr"}`
        return `${key} ${negated ? "!= " : ""}${from}-${to}`
      })
      .join(" "),
  compile(options): Step {
    const checks = options.map(checkOf)
    return (packet) => {
      for (const check of checks) if (!check(packet)) return BREAK
      return CONTINUE
    }
  },
  manual: {
    title: "iptables: iprange",
    text: "Addresses from one to another.",
    example: "ip saddr 192.0.2.1-192.0.2.9",
  },
}

function checkOf(option: XtOption): (packet: Packet) => boolean {
  const [from = [], to = []] = option.value as readonly (readonly number[])[]
  const negated = option.negated === true
  const reads = readsOf(option.name === "src-range")
  return (packet) => isBetween(packet, reads, from, to) !== negated
}

function isBetween(
  packet: Packet,
  reads: readonly ((packet: Packet) => number)[],
  from: readonly number[],
  to: readonly number[],
): boolean {
  let above = false
  let below = false
  for (let index = 0; index < from.length; index++) {
    const word = reads[index]!(packet)
    if (!above && word < from[index]!) return false
    if (!below && word > to[index]!) return false
    if (word > from[index]!) above = true
    if (word < to[index]!) below = true
  }
  return true
}

function readsOf(isSource: boolean): readonly ((packet: Packet) => number)[] {
  return isSource
    ? [
        (packet) => packet.source0,
        (packet) => packet.source1,
        (packet) => packet.source2,
        (packet) => packet.source3,
      ]
    : [
        (packet) => packet.destination0,
        (packet) => packet.destination1,
        (packet) => packet.destination2,
        (packet) => packet.destination3,
      ]
}
