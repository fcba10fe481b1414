import { limitRules } from "../compile-limit.js"
import { limitChains } from "../compile-outcome.js"
import { toPorts } from "../compile-ports.js"
import type { ProtectionKind } from "../protection.js"

export const decoyPorts: ProtectionKind = {
  name: "decoy-ports",
  aliases: [],
  value: "ports",
  limits: ["window"],
  defaults: {
    action: "block",
    limit: { form: "window", count: 1, duration: 600e9 },
    // A SYN proves nothing about who sent it.
    blockFor: 600e9,
  },
  options: { newcomers: "number", sources: "number" },
  outgoing: true,
  compile(protection, context) {
    if (protection.ports.length === 0) return { placed: [], sets: [], chains: [] }
    const ports = toPorts(protection.ports)
    const { chains, ...target } = limitChains(protection, context)
    const { rules, sets } = limitRules(protection, { ...context, ...target, guard: () => ports })
    return { placed: [{ place: "new", order: 310, rules }], sets, chains }
  },
  manual: {
    title: "Ports where nobody honest connects",
    text: "Telnet or remote desktop where no such thing runs: who tries them is looking for something to break. A first contact is let past, and answered by whatever answers; the second within ten minutes keeps its source from opening anything new for ten minutes, and for no longer whatever `block-for` says: two forged SYNs are enough to be found here, so what the address has open goes on. The guard (floodwall run) blocks from everything who has proved to be what he claims.",
    harms:
      "Who mistypes an address twice, and inventories or monitors that scan on purpose: never-block or `for` names them. A SYN can be forged, so somebody can keep another from connecting for ten minutes: never-block names who must not be.",
    example: "decoy-ports: [23/tcp, 2323/tcp, 3389/tcp, 5900/tcp]",
    ancestors: "FireHOL: iptrap. CSF: PS_PORTS.",
  },
}
