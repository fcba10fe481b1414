import { ICMP, ICMPV6, type Packet, RST, TCP } from "../../../packet/packet.js"
import type { RejectNode } from "../../action/reject.js"
import { REJECT, type Run, type Step } from "../../runtime.js"

/**
 * `-j REJECT`: drops, and answers where an answer may be given. `run.rejectWith` is null where the kernel keeps silent: resets and ICMP errors are never answered, and
 * neither are fragments but the first, or packets to many.
 */
export function rejectStep(answer: RejectNode["with"]): Step {
  const isReset = answer === "tcp-reset"
  return (packet, run) => {
    const answers = isReset ? mayReset(packet) : mayReport(packet)
    run.rejectWith = answers && isToOne(packet, run) ? answer : null
    return REJECT
  }
}

function mayReset(packet: Packet): boolean {
  return packet.protocol === TCP && packet.transportOffset >= 0 && (packet.tcpFlags & RST) === 0
}

/** RFC 1122 section 3.2.2, RFC 4443 section 2.4: no error about an error. */
function mayReport(packet: Packet): boolean {
  if (packet.fragmentOffset > 0) return false
  if (packet.protocol === ICMP) return isIcmpQuery(packet.icmpType)
  return packet.protocol !== ICMPV6 || packet.icmpType >= 128
}

function isIcmpQuery(type: number): boolean {
  return type === 0 || type === 8 || (type >= 13 && type <= 18)
}

const RTN_BROADCAST = 3
const RTN_MULTICAST = 5

function isToOne(packet: Packet, run: Run): boolean {
  const type = run.routes.addressType(packet, "destination")
  return type !== RTN_BROADCAST && type !== RTN_MULTICAST
}
