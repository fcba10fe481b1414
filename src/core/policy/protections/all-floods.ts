import type { ProtectionKind } from "../protection.js"
import { limitNew, perSecond } from "./new-connections.js"

export const allFloods: ProtectionKind = {
  name: "all-floods",
  aliases: ["all-flood"],
  value: "setting",
  limits: ["rate"],
  defaults: { action: "drop", limit: perSecond(200, 1000) },
  options: { newcomers: "number", sources: "number" },
  outgoing: true,
  compile: (protection, context) => limitNew(protection, context, 200),
  manual: {
    title: "More new connections of any protocol than a source may open",
    text: "Counts each source's first packets: TCP, UDP, ICMP and all others, after connection tracking, so that packets of a connection that is under way do not count. UDP that nobody answers (syslog, flow export) has no connection that is under way: each datagram counts. With `ports` only packets to these.",
    harms:
      "Name servers, QUIC and games, where each question is a new connection to connection tracking: it is off by default. Give it `ports`, or a limit that fits.",
    example: "all-floods: { limit: 500/second burst 2000, ports: [53/udp] }",
    ancestors: "FireHOL: protection all-floods, one bucket for everybody. CSF has none for UDP that arrives.",
  },
}
