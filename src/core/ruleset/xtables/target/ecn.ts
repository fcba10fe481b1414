import { TCP } from "../../../packet/packet.js"
import type { Extension } from "../extension.js"
import { removeEcnFlagsStep } from "./mangle-step.js"

export const ecn: Extension = {
  name: "ECN",
  role: "target",
  families: [4],
  protocols: [TCP],
  tables: ["mangle"],
  options: [{ name: "ecn-tcp-remove", required: true }],
  compile: () => removeEcnFlagsStep(),
  changesSort: true,
  manual: {
    title: "iptables: ECN",
    text: "Takes the flags of congestion notification out of TCP's header.",
    example: "tcp flags set tcp flags and 0x3f",
  },
}
