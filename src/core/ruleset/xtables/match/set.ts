import type { Extension } from "../extension.js"
import { setReference } from "../set-reference.js"
import { number64 } from "../value-number.js"
import { setStep } from "./set-step.js"

/** Whether an ipset has the packet's addresses, ports and interfaces. */
export const set: Extension = {
  name: "set",
  role: "match",
  families: [4, 6],
  options: [
    { name: "match-set", value: setReference, required: true, invertible: true },
    { name: "return-nomatch" },
    { name: "update-counters", invertible: true },
    { name: "update-subcounters", invertible: true },
    { name: "packets-eq", value: number64, invertible: true, excludes: ["packets-lt", "packets-gt"] },
    { name: "packets-lt", value: number64, excludes: ["packets-gt"] },
    { name: "packets-gt", value: number64 },
    { name: "bytes-eq", value: number64, invertible: true, excludes: ["bytes-lt", "bytes-gt"] },
    { name: "bytes-lt", value: number64, excludes: ["bytes-gt"] },
    { name: "bytes-gt", value: number64 },
  ],
  compile: setStep,
  assumes: (options) =>
    options.some(({ name }) => name !== "match-set") ? "only the key is asked for" : undefined,
  manual: {
    title: "iptables: set",
    text: "Whether a set of ipset has the packet.",
    example: "ip saddr @blocked",
  },
}
