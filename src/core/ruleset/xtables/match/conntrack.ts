import type { Extension, ValueSpec, XtOptions } from "../extension.js"
import { badOptions, badValue } from "../problem.js"
import { parseProtocol } from "../protocols.js"
import { lengthOfMask, maskedAddress, maskedOf, printWords } from "../value-address.js"
import { bitNames, bits, choice } from "../value-choice.js"
import { numberRange } from "../value-number.js"
import { portRange, printPortRange } from "../value-port.js"
import { stateBits, statusBits } from "./conntrack-bits.js"
import { conntrackStep } from "./conntrack-step.js"

/** The value is a number, and is printed as one. */
const protocol: ValueSpec = {
  shape: "protocol: a name or a number from 1 to 255",
  parse: (text) => {
    const number = parseProtocol(text)
    return number === 0 ? badValue("0 is no protocol here") : number
  },
  print: String,
}

const address = maskedAddress({ bareHost: true, keepsHost: true })
const tuple = { value: address, invertible: true } as const
const port = { value: portRange, invertible: true } as const

/** State, status, direction and tuples of the packet's connection (xt_conntrack). */
export const conntrack: Extension = {
  name: "conntrack",
  role: "match",
  families: [4, 6],
  needsConntrack: true,
  options: [
    { name: "ctstate", value: bits(stateBits, { prefix: true }), invertible: true },
    { name: "ctproto", value: protocol, invertible: true },
    { name: "ctorigsrc", ...tuple },
    { name: "ctorigdst", ...tuple },
    { name: "ctreplsrc", ...tuple },
    { name: "ctrepldst", ...tuple },
    { name: "ctorigsrcport", ...port },
    { name: "ctorigdstport", ...port },
    { name: "ctreplsrcport", ...port },
    { name: "ctrepldstport", ...port },
    { name: "ctstatus", value: bits(statusBits, { prefix: true, none: "NONE" }), invertible: true },
    { name: "ctexpire", value: numberRange(0xffffffff), invertible: true },
    { name: "ctdir", value: choice(["ORIGINAL", "REPLY"], { ignoreCase: true }) },
  ],
  check: (options) =>
    options.length === 0 ? badOptions("conntrack must be asked something: --ctstate NEW") : undefined,
  toNft,
  compile: conntrackStep,
  // SNAT and DNAT are no states of conntrack's, but what the connection's status says.
  isKnown: (options, known) =>
    known.state &&
    options.every(
      ({ name, value }) =>
        (name === "ctstate" && (Number(value) & (stateBits.SNAT! | stateBits.DNAT!)) === 0) ||
        (name === "ctdir" && known.direction),
    ),
  manual: {
    title: "iptables: conntrack",
    text: "State, status, direction, protocol, addresses and ports of the packet's connection.",
    example: "ct state established,related",
  },
}

const nftTuple: Readonly<Record<string, string>> = {
  ctorigsrc: "original saddr",
  ctorigdst: "original daddr",
  ctreplsrc: "reply saddr",
  ctrepldst: "reply daddr",
  ctorigsrcport: "original proto-src",
  ctorigdstport: "original proto-dst",
  ctreplsrcport: "reply proto-src",
  ctrepldstport: "reply proto-dst",
}

function toNft(options: XtOptions, family: 4 | 6) {
  const parts: string[] = []
  for (const { name, value, negated } of options) {
    const not = negated ? "!= " : ""
    if (name === "ctstate") {
      if (((value as number) & (stateBits.SNAT! | stateBits.DNAT!)) !== 0) {
        const nat = bitNames(value as number, { SNAT: stateBits.SNAT!, DNAT: stateBits.DNAT! })
        if (nat.length < bitNames(value as number, stateBits).length)
          return { unsupported: "nft cannot ask for states and for NAT at once" }
        parts.push(`ct status ${negated ? "! " : ""}${nat.join(",").toLowerCase()}`)
      } else {
        parts.push(
          `ct state ${negated ? "! " : ""}${bitNames(value as number, stateBits)
            .join(",")
            .toLowerCase()}`,
        )
      }
    } else if (name === "ctstatus") {
      const words = bitNames(value as number, statusBits).map((word) => word.replace("_", "-").toLowerCase())
      parts.push(`ct status ${negated ? "! " : ""}${words.join(",") || "0x0"}`)
    } else if (name === "ctproto") {
      parts.push(`ct original protocol ${not}${String(value)}`)
    } else if (name === "ctdir") {
      parts.push(`ct direction ${String(value).toLowerCase()}`)
    } else if (name === "ctexpire") {
      const [from, to] = value as readonly [number, number]
      const whole = to === 0xffffffff ? `${negated ? "< " : ">= "}${from}s` : undefined
      parts.push(`ct expiration ${whole ?? `${not}${from === to ? `${from}s` : `${from}s-${to}s`}`}`)
    } else if (name.endsWith("port")) {
      parts.push(`ct ${nftTuple[name]} ${not}${printPortRange(value ?? null, "-")}`)
    } else {
      const { words, mask } = maskedOf(value)
      const length = lengthOfMask(mask)
      const [direction, end] = nftTuple[name]!.split(" ")
      const key = `ct ${direction} ${family === 4 ? "ip" : "ip6"} ${end}`
      const suffix = length === words.length * 32 ? "" : `/${length}`
      parts.push(
        length < 0
          ? `${key} & ${printWords(mask)} ${negated ? "!=" : "=="} ${printWords(words)}`
          : `${key} ${not}${printWords(words)}${suffix}`,
      )
    }
  }
  return parts.join(" ")
}
