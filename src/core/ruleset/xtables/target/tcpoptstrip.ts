import { TCP } from "../../../packet/packet.js"
import type { Extension, ValueSpec } from "../extension.js"
import { badValue } from "../problem.js"
import { numberIn } from "../value-number.js"
import { stripOptionsStep } from "./mangle-step.js"

const names: Readonly<Record<string, number>> = {
  mss: 2,
  wscale: 3,
  "sack-permitted": 4,
  sack: 5,
  timestamp: 8,
  md5: 19,
}

/** The value is the list of the options' numbers, in order. */
const kinds: ValueSpec = {
  shape: "numbers of TCP options, or their names, with commas between",
  parse: (text) => {
    const found = new Set<number>()
    for (const word of text.split(",")) {
      const kind = names[word] ?? numberIn(word, 2, 255)
      if (typeof kind !== "number") return badValue(`"${word}" is not an option of TCP that can be taken out`)
      found.add(kind)
    }
    return [...found].sort((left, right) => left - right)
  },
  print: (value) => (value as readonly number[]).join(","),
}

/** Overwrites options of TCP with no-operations: no verdict hangs on it but those of later rules that ask for them. */
export const tcpoptstrip: Extension = {
  name: "TCPOPTSTRIP",
  role: "target",
  families: [4, 6],
  protocols: [TCP],
  tables: ["mangle"],
  options: [{ name: "strip-options", value: kinds }],
  compile: ([option]) => stripOptionsStep((option?.value ?? []) as readonly number[]),
  manual: {
    title: "iptables: TCPOPTSTRIP",
    text: "Takes options out of TCP's header.",
    example: "reset tcp option timestamp",
  },
}
