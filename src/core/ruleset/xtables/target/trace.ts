import { CONTINUE } from "../../runtime.js"
import type { Extension } from "../extension.js"

export const trace: Extension = {
  name: "TRACE",
  role: "target",
  families: [4, 6],
  tables: ["raw"],
  options: [],
  toNft: () => "nftrace set 1",
  compile: () => () => CONTINUE,
  manual: {
    title: "iptables: TRACE",
    text: "Tells of every rule that the packet meets.",
    example: "meta nftrace set 1",
  },
}
