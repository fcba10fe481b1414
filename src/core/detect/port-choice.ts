import { TCP, UDP } from "../packet/packet.js"
import type { PortSelector } from "../policy/policy.js"

/** Whether the ports are named; none named is all of them. */
export function isAmong(ports: readonly PortSelector[], protocol: number, port: number): boolean {
  if (ports.length === 0) return true
  const name = protocol === TCP ? "tcp" : protocol === UDP ? "udp" : ""
  for (let at = 0; at < ports.length; at++) {
    const { protocol: wanted, range } = ports[at]!
    if ((wanted === "any" || wanted === name) && port >= range.from && port <= range.to) return true
  }
  return false
}
