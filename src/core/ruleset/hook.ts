/**
 * Where a packet can be judged, and in which order.
 *
 *                                                      ┌──────▶ local process ──────┐
 *                                                      │                            ▼
 *   wire ▶ ingress ▶ prerouting ▶ (route) ─▶ input ────┘                         output ▶ (route)
 *                                     │                                             │
 *                                     └──────▶ forward ──────────┬──────────────────┘
 *                                                                ▼
 *                                                          postrouting ▶ egress ▶ wire
 *
 * Within a hook, base chains run in the order of their priority. The kernel's own work has a priority too:
 * defragmentation at -400, conntrack at -200 (prerouting and output), destination NAT at -100, source NAT at 100,
 * conntrack's confirmation last (include/uapi/linux/netfilter_ipv4.h, enum nf_ip_hook_priorities).
 */
export type Hook = "ingress" | "prerouting" | "input" | "forward" | "output" | "postrouting" | "egress"

export const hooks: readonly Hook[] = [
  "ingress",
  "prerouting",
  "input",
  "forward",
  "output",
  "postrouting",
  "egress",
]

/** The kernel's own places, as nft names them where it has a name. */
export const priority = {
  beforeDefragmentation: -450,
  defragmentation: -400,
  raw: -300,
  conntrack: -200,
  mangle: -150,
  destinationNat: -100,
  filter: 0,
  security: 50,
  sourceNat: 100,
  confirmation: 2147483647,
} as const
