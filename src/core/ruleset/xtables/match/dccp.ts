import { DCCP } from "../../../packet/packet.js"
import type { Extension } from "../extension.js"
import { bits } from "../value-choice.js"
import { number } from "../value-number.js"
import { portRange } from "../value-port.js"
import { dccpSettings, dccpStep } from "./dccp-step.js"
import { portsToNft } from "./port-check.js"

const names = [
  "REQUEST",
  "RESPONSE",
  "DATA",
  "ACK",
  "DATAACK",
  "CLOSEREQ",
  "CLOSE",
  "RESET",
  "SYNC",
  "SYNCACK",
  "INVALID",
]

/** The value of the types is a sum of bits: 1 shifted by the packet type (RFC 4340, 5.1). */
export const dccpTypes: Readonly<Record<string, number>> = Object.fromEntries(
  names.map((name, type) => [name, 1 << type]),
)

export const dccp: Extension = {
  name: "dccp",
  role: "match",
  families: [4, 6],
  protocols: [DCCP],
  toNft: (options) =>
    options.some(({ name }) => name.startsWith("dccp-"))
      ? { unsupported: "types and options of DCCP are written otherwise in nft" }
      : portsToNft("dccp", options).join(" "),
  options: [
    { name: "sport", aliases: ["source-port"], value: portRange, invertible: true },
    { name: "dport", aliases: ["destination-port"], value: portRange, invertible: true },
    { name: "dccp-types", value: bits(dccpTypes), invertible: true },
    { name: "dccp-option", value: number({ minimum: 1, maximum: 255 }), invertible: true },
  ],
  compile: (options) => dccpStep(dccpSettings(options)),
  manual: {
    title: "iptables: dccp",
    text: "Ports, type and options of a DCCP header.",
    example: "dccp dport 5001",
  },
}
