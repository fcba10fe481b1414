import type { ProtectionKind } from "../protection.js"
import { limitNew } from "./new-connections.js"

export const connections: ProtectionKind = {
  name: "connections",
  aliases: ["connlimit"],
  value: "setting-and-per-port",
  limits: ["count"],
  defaults: { action: "drop", limit: { form: "count", count: 300 } },
  options: { newcomers: "number", sources: "number" },
  outgoing: true,
  compile: (protection, context) => limitNew(protection, context, 220),
  manual: {
    title: "How many connections a source may have at once",
    text: "Connections of every protocol that connection tracking knows of, counted when one more is opened; closed ones are forgotten when it looks again, within seconds. Connections that were open before the rules are not counted. With `ports` only connections to these, all counted together; a key that is a port gives it a count of its own, beside the general one: `connections: { limit: 300, ssh: 5, http: { limit: 20, action: notify } }`. Counting walks a source's connections, about 100 ns for each; where the action is notify, a source that was found above the limit counts as above it for ten seconds, without a walk, and no more than 2000 connections a second are counted (bursts of 5000), so that no flood makes it dear.",
    harms:
      "Offices and mobile networks, where hundreds of people have one address: the preset default only notifies.",
    example: "connections: { limit: 300, action: drop, for: { 192.0.2.0/24: 3000 } }",
    ancestors: "FireHOL: protection connlimit. CSF: CONNLIMIT and CT_LIMIT. iptables: -m connlimit.",
  },
}
