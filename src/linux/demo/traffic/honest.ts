import { type Act, ActWriter, type Numbers, type World } from "./act.js"
import { largeDns, quic, smallDns, vpn } from "./honest-datagrams.js"
import { errors, ping, traceroute } from "./honest-icmp.js"
import { extensions, localIpv4, localIpv6, multicastDns } from "./honest-link.js"
import { longSession, officeBurst, phones, rareSyns, refused, troubledTcp, webPages } from "./honest-tcp.js"
import type { Writer } from "./honest-writer.js"

/**
 * What honest hosts send, with what middleboxes are known to break: fragments, errors about other packets, rare options, protocols without ports. The sources of each
 * kind are RFCs, named beside it.
 */
const kinds: readonly (readonly [name: string, write: Writer, families?: readonly (4 | 6)[]])[] = [
  ["web pages (TCP)", webPages],
  ["TCP with losses, probes, urgent data", troubledTcp],
  ["ECN, Fast Open, SYN without or with small MSS", rareSyns],
  ["SSH: long session with pauses", longSession],
  ["an office behind one address: 400 at once", officeBurst],
  ["sixty phones of one operator, all new", phones],
  ["connections refused and reset", refused],
  ["DNS, small answers", smallDns],
  ["DNSSEC answers in fragments", largeDns],
  ["QUIC", quic],
  ["ping, small and 3000 bytes", ping],
  ["path-MTU and other ICMP errors", errors],
  ["traceroute", traceroute],
  ["VPN: IKE in fragments, ESP, AH, GRE", vpn],
  ["ARP, DHCP, IGMP", localIpv4, [4]],
  ["neighbour discovery, MLD, DHCPv6", localIpv6, [6]],
  ["extension headers", extensions, [6]],
  ["multicast DNS", multicastDns],
]

/** All honest traffic of one family. */
export function honestActs(world: World, numbers: Numbers): Act[] {
  return kinds
    .filter(([, , families = [4, 6]]) => families.includes(world.family))
    .map(([kind, write]) => {
      const writer = new ActWriter(numbers)
      write(world, writer)
      return {
        kind,
        purpose: "honest",
        family: world.family,
        expectation: { verdict: "passes" },
        frames: writer.frames,
      }
    })
}
