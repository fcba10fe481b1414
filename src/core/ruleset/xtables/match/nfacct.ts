import { CONTINUE } from "../../runtime.js"
import type { Extension } from "../extension.js"
import { text } from "../value-text.js"

/** Counts for nfacct(8), and matches; one with a quota that is spent does not, which the engine does not know. */
export const nfacct: Extension = {
  name: "nfacct",
  role: "match",
  families: [4, 6],
  options: [{ name: "nfacct-name", value: text({ minimum: 1, maximum: 31, bare: true }), required: true }],
  compile: () => () => CONTINUE,
  assumes: "it matches: its counter has no quota",
  manual: { title: "iptables: nfacct", text: "Counts packets under a name.", example: "counter" },
}
