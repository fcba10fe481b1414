import type { Extension, ValueSpec } from "../extension.js"
import { badValue } from "../problem.js"
import { bitNames } from "../value-choice.js"
import { ipv6headerSettings, ipv6headerStep } from "./ipv6-headers-step.js"

/** MASK_* bits of linux/netfilter_ipv6/ip6t_ipv6header.h, in the order in which ip6tables-save prints them. */
export const headerBits: Readonly<Record<string, number>> = {
  "hop-by-hop": 128,
  "ipv6-opts": 64,
  "ipv6-route": 32,
  "ipv6-frag": 16,
  ah: 8,
  esp: 4,
  "ipv6-nonxt": 2,
  protocol: 1,
}

const others: Readonly<Record<string, number>> = {
  hop: 128,
  dst: 64,
  route: 32,
  frag: 16,
  auth: 8,
  none: 2,
  prot: 1,
  "0": 128,
  "60": 64,
  "43": 32,
  "44": 16,
  "51": 8,
  "50": 4,
  "59": 2,
  "255": 1,
}

/** The value is a sum of bits. */
const headers: ValueSpec = {
  shape: `${Object.keys(headerBits).join(", ")}, with commas between`,
  parse: (text) => {
    let sum = 0
    for (const word of text.split(",")) {
      const bit = headerBits[word.toLowerCase()] ?? others[word.toLowerCase()]
      if (bit === undefined) return badValue(`"${word}" is not an extension header`)
      sum |= bit
    }
    return sum
  },
  print: (value) => bitNames(value, headerBits).join(","),
}

/** Which extension headers are there: just these, or with `--soft` one of these at least. */
export const ipv6header: Extension = {
  name: "ipv6header",
  role: "match",
  families: [6],
  options: [{ name: "header", value: headers, required: true, invertible: true }, { name: "soft" }],
  compile: (options) => ipv6headerStep(ipv6headerSettings(options)),
  manual: {
    title: "ip6tables: ipv6header",
    text: "The extension headers that a packet has.",
    example: "exthdr hbh exists",
  },
}
