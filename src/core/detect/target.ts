import type { FindingTarget } from "../event/finding.js"
import { destinationOf, type Flow } from "../event/flow.js"
import { ICMP, ICMPV6, TCP, UDP } from "../packet/packet.js"

/** Where the flow goes, as a finding has it. */
export function targetOf(flow: Flow): FindingTarget {
  const hasPorts = flow.protocol === TCP || flow.protocol === UDP
  const isIcmp = flow.protocol === ICMP || flow.protocol === ICMPV6
  return {
    address: destinationOf(flow),
    addressCount: 1,
    protocol: flow.protocol === TCP ? "tcp" : flow.protocol === UDP ? "udp" : isIcmp ? "icmp" : "other",
    ports: hasPorts ? [flow.destinationPort] : [],
    portCount: hasPorts ? 1 : 0,
  }
}
