import { type Packet, TCP } from "../../../packet/packet.js"
import { BREAK, CONTINUE, DROP, type Outcome } from "../../runtime.js"
import { cutShort, hasBytes, transportStart } from "../bytes.js"
import type { Extension, ValueSpec } from "../extension.js"
import { numberOf, optionOf } from "../option.js"
import { badOptions, badValue } from "../problem.js"
import { bitNames } from "../value-choice.js"
import { number, pairOf } from "../value-number.js"
import { portRange } from "../value-port.js"
import { portCheck, portsToNft, withoutAnyPort } from "./port-check.js"

/** Bits of the flags' byte, in the order in which iptables prints them. */
const flagBits: Readonly<Record<string, number>> = { FIN: 1, SYN: 2, RST: 4, PSH: 8, ACK: 16, URG: 32 }
const allFlags = 63
/** `--syn`: SYN out of FIN, SYN, RST and ACK. */
const synFlags = [23, 2] as const

/** The value is the pair of mask and wanted bits. */
const flags: ValueSpec = {
  shape:
    "two lists of FIN, SYN, RST, PSH, ACK, URG, ALL, NONE: those that are looked at, and those of them that are set",
  words: 2,
  parse: (text) => {
    const lists = text.split(" ")
    const sums: number[] = []
    for (const list of lists) {
      let sum = 0
      for (const word of list.split(",")) {
        const name = word.toUpperCase()
        const bit = name === "ALL" ? allFlags : name === "NONE" ? 0 : flagBits[name]
        if (bit === undefined) return badValue(`"${word}" is not a TCP flag`)
        sum |= bit
      }
      sums.push(sum)
    }
    return sums
  },
  print: (value) =>
    pairOf(value)
      .map((sum) => bitNames(sum, flagBits).join(",") || "NONE")
      .join(" "),
}

/** Ports, flags and options of a TCP header (xt_tcpudp). A header that is cut short, and a first fragment's second at offset 8, drop the packet. */
export const tcp: Extension = {
  name: "tcp",
  role: "match",
  families: [4, 6],
  protocols: [TCP],
  options: [
    { name: "sport", aliases: ["source-port"], value: portRange, invertible: true },
    { name: "dport", aliases: ["destination-port"], value: portRange, invertible: true },
    { name: "tcp-option", value: number({ minimum: 1, maximum: 255 }), invertible: true },
    { name: "tcp-flags", value: flags, invertible: true, excludes: ["syn"] },
    { name: "syn", invertible: true },
  ],
  normal: (options) =>
    withoutAnyPort(options).map((option) =>
      option.name === "syn" ? { ...option, name: "tcp-flags", value: synFlags } : option,
    ),
  toNft: (options) => {
    const parts = portsToNft("tcp", options)
    const asked = optionOf(options, "tcp-option")
    if (asked)
      parts.push(`tcp option ${numberOf(options, "tcp-option", 0)} ${asked.negated ? "missing" : "exists"}`)
    const flag = optionOf(options, "tcp-flags")
    if (flag) {
      const [mask, wanted] = pairOf(flag.value)
      const name = (sum: number, separator: string) =>
        bitNames(sum, flagBits).join(separator).toLowerCase() || "0x0"
      parts.push(
        mask === 0
          ? `tcp flags & 0x0 ${flag.negated ? "!=" : "=="} ${name(wanted, " | ")}`
          : wanted === 0
            ? `tcp flags ${flag.negated ? "" : "! "}${name(mask, ",")}`
            : `tcp flags ${flag.negated ? "!= " : ""}${name(wanted, ",")} / ${name(mask, ",")}`,
      )
    }
    return parts.join(" ")
  },
  compile(options, build) {
    const source = portCheck(options, "sport")
    const destination = portCheck(options, "dport")
    const flag = optionOf(options, "tcp-flags")
    const [mask, wanted] = pairOf(flag?.value)
    const flagNegated = flag?.negated === true
    const option = optionOf(options, "tcp-option")
    const kind = numberOf(options, "tcp-option", 0)
    const optionNegated = option?.negated === true
    if (build.iptablesNft && !option)
      return (packet) => {
        if (packet.fragmentOffset > 0) return BREAK
        const at = transportStart(packet)
        if (source && !(hasBytes(packet, at, 2) && source(packet.view.getUint16(at)))) return BREAK
        if (destination && !(hasBytes(packet, at, 4) && destination(packet.view.getUint16(at + 2))))
          return BREAK
        if (!flag) return CONTINUE
        if (!hasBytes(packet, at, 14)) return BREAK
        return ((packet.view.getUint8(at + 13) & mask) === wanted) !== flagNegated ? CONTINUE : BREAK
      }
    return (packet) => {
      if (packet.fragmentOffset > 0) return packet.family === 4 && packet.fragmentOffset === 8 ? DROP : BREAK
      const at = transportStart(packet)
      if (!hasBytes(packet, at, 20)) return cutShort(packet, at, 20)
      if (source && !source(packet.view.getUint16(at))) return BREAK
      if (destination && !destination(packet.view.getUint16(at + 2))) return BREAK
      if (flag && ((packet.view.getUint8(at + 13) & mask) === wanted) === flagNegated) return BREAK
      return option ? findOption(packet, at, kind, optionNegated) : CONTINUE
    }
  },
  isKnown: (options, { plain }) => plain !== null && options.every(({ name }) => name === "tcp-flags"),
  manual: {
    title: "iptables: tcp",
    text: "Ports, flags and options of a TCP header.",
    example: "tcp dport 22 tcp flags syn / fin,syn,rst,ack",
  },
  check: (options) =>
    options.filter(({ name }) => name === "tcp-flags" || name === "syn").length > 1
      ? badOptions("--syn and --tcp-flags exclude each other")
      : undefined,
}

/** The first option of this kind; options that say nothing of their length take one byte. */
function findOption(packet: Packet, at: number, kind: number, negated: boolean): Outcome {
  const headerLength = (packet.view.getUint8(at + 12) >>> 4) * 4
  if (headerLength < 20) return DROP
  if (!hasBytes(packet, at, headerLength)) return cutShort(packet, at, headerLength)
  for (let index = at + 20; index < at + headerLength; ) {
    const found = packet.view.getUint8(index)
    if (found === kind) return negated ? BREAK : CONTINUE
    const length = found < 2 || index + 1 >= at + headerLength ? 1 : packet.view.getUint8(index + 1)
    index += length === 0 ? 1 : length
  }
  return negated ? CONTINUE : BREAK
}
