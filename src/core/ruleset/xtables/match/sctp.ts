import { didYouMean } from "../../../base/nearest.js"
import { SCTP } from "../../../packet/packet.js"
import type { Extension, ValueSpec, XtValue } from "../extension.js"
import { badValue } from "../problem.js"
import { portRange } from "../value-port.js"
import { portsToNft } from "./port-check.js"
import { sctpSettings, sctpStep } from "./sctp-step.js"

/** Chunk types (RFC 9260 and its extensions), and the flags that may be asked of them. */
export const chunkTypes: Readonly<Record<string, readonly [type: number, flags: string]>> = {
  DATA: [0, "----IUBE"],
  INIT: [1, ""],
  INIT_ACK: [2, ""],
  SACK: [3, ""],
  HEARTBEAT: [4, ""],
  HEARTBEAT_ACK: [5, ""],
  ABORT: [6, "-------T"],
  SHUTDOWN: [7, ""],
  SHUTDOWN_ACK: [8, ""],
  ERROR: [9, ""],
  COOKIE_ECHO: [10, ""],
  COOKIE_ACK: [11, ""],
  ECN_ECNE: [12, ""],
  ECN_CWR: [13, ""],
  SHUTDOWN_COMPLETE: [14, "-------T"],
  I_DATA: [64, "----IUBE"],
  RE_CONFIG: [130, ""],
  PAD: [132, ""],
  ASCONF: [193, ""],
  ASCONF_ACK: [128, ""],
  FORWARD_TSN: [192, ""],
  I_FORWARD_TSN: [194, ""],
}

const ways = ["all", "any", "only"]

/** `all DATA:Be,INIT`. The value is `[way, [type name, mask, wanted]…]`; ALL and NONE are the names of all chunks and of none. */
const chunks: ValueSpec = {
  shape:
    "all, any or only; then types of chunks with commas between, behind a colon the flags that must be set (upper case) or not (lower case)",
  words: 2,
  parse: (text) => {
    const [way = "", list = ""] = text.split(" ")
    const found = ways.find((word) => word === way.toLowerCase())
    if (!found) return badValue(`"${way}" is none of ${ways.join(", ")}`)
    const upper = list.toUpperCase()
    if (upper === "ALL" || upper === "NONE") return [found, [upper, 0, 0]]
    const asked: XtValue[] = []
    for (const part of list.split(",")) {
      const [name = "", flags = ""] = part.split(":")
      const type = chunkTypes[name.toUpperCase()]
      if (!type)
        return badValue(`"${name}" is not a type of chunks`, didYouMean(name, Object.keys(chunkTypes)))
      let mask = 0
      let wanted = 0
      for (const flag of flags) {
        const at = type[1].indexOf(flag.toUpperCase())
        if (at < 0 || flag === "-") return badValue(`"${flag}" is not a flag of ${name}`)
        mask |= 128 >> at
        if (flag === flag.toUpperCase()) wanted |= 128 >> at
      }
      asked.push([name.toUpperCase(), mask, wanted])
    }
    return [found, ...asked]
  },
  print: (value) => {
    const [way, ...asked] = value as readonly [string, ...(readonly [string, number, number])[]]
    const inOrder = [...asked].sort((left, right) => numberOfChunk(left[0]) - numberOfChunk(right[0]))
    return `${way} ${inOrder.map(printChunk).join(",")}`
  },
}

function numberOfChunk(name: string): number {
  return chunkTypes[name]?.[0] ?? -1
}

function printChunk([name, mask, wanted]: readonly [string, number, number]): string {
  const letters = chunkTypes[name]?.[1] ?? ""
  const flags = [...letters].map((letter, at) =>
    (mask & (128 >> at)) === 0 ? "" : (wanted & (128 >> at)) !== 0 ? letter : letter.toLowerCase(),
  )
  return mask === 0 ? name : `${name}:${flags.join("")}`
}

const chunkNumbers = new Map(Object.entries(chunkTypes).map(([name, [type]]) => [name, type] as const))

export const sctp: Extension = {
  name: "sctp",
  role: "match",
  families: [4, 6],
  protocols: [SCTP],
  toNft: (options) =>
    options.some(({ name }) => name === "chunk-types")
      ? { unsupported: "chunks are asked for one by one in nft" }
      : portsToNft("sctp", options).join(" "),
  options: [
    { name: "sport", aliases: ["source-port"], value: portRange, invertible: true },
    { name: "dport", aliases: ["destination-port"], value: portRange, invertible: true },
    { name: "chunk-types", value: chunks, invertible: true },
  ],
  compile: (options) => sctpStep(sctpSettings(options, chunkNumbers)),
  manual: {
    title: "iptables: sctp",
    text: "Ports and chunks of an SCTP packet.",
    example: "sctp dport 5001",
  },
}
