import { CONTINUE } from "../../runtime.js"
import type { Extension } from "../extension.js"

export const checksum: Extension = {
  name: "CHECKSUM",
  role: "target",
  families: [4, 6],
  tables: ["mangle"],
  options: [{ name: "checksum-fill", required: true }],
  compile: () => () => CONTINUE,
  manual: {
    title: "iptables: CHECKSUM",
    text: "Computes checksums that were left to the network card.",
    example: "accept",
  },
}
