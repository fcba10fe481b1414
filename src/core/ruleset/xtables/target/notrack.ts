import type { Extension } from "../extension.js"
import { ctStep } from "./ct-step.js"

/** The older word for `-j CT --notrack`. */
export const notrack: Extension = {
  name: "NOTRACK",
  role: "target",
  families: [4, 6],
  tables: ["raw"],
  needsConntrack: true,
  worksBeforeConntrack: true,
  options: [],
  toNft: () => "notrack",
  compile: () => ctStep({ notrack: true, helper: "", zone: 0, zoneDirections: 3 }),
  manual: { title: "iptables: NOTRACK", text: "Conntrack leaves the packet alone.", example: "notrack" },
}
