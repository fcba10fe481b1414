import type { ProtectionKind } from "../protection.js"
import { limitNew } from "./new-connections.js"

export const connectionRate: ProtectionKind = {
  name: "connection-rate",
  aliases: ["connrate"],
  value: "setting",
  limits: ["rate", "window"],
  defaults: { action: "drop" },
  options: { newcomers: "number", sources: "number" },
  outgoing: true,
  compile: (protection, context) => limitNew(protection, context, 210),
  manual: {
    title: "How fast a source may open connections",
    text: "Like all-floods, for slow rates: 60/minute, or a window such as more than 20 in 60s. It has no default: what is much depends on the service.",
    harms: "People behind one address: an office counts as one source. `for` gives it a limit of its own.",
    example: "connection-rate: { limit: 60/minute burst 30, ports: [ssh] }",
    ancestors:
      "FireHOL: protection connrate, which as documented does not load. iptables: -m hashlimit --hashlimit-mode srcip.",
  },
}
