import { CONTINUE, DROP, type Step } from "../../runtime.js"
import { hasBytes, transportStart } from "../bytes.js"

/** `-j TTL` and `-j HL`: never below 0, never above 255. */
export function timeToLiveStep(mode: "set" | "inc" | "dec", value: number): Step {
  const change = mode === "dec" ? -value : value
  return (packet, run) => {
    const wanted = mode === "set" ? value : Math.min(255, Math.max(0, packet.ttl + change))
    run.rewriter.setTimeToLive(packet, wanted)
    return CONTINUE
  }
}

/** `-j TOS` and `-j DSCP`: bits of the mask are cleared, then the value's are turned over. */
export function trafficClassStep(value: number, mask: number): Step {
  return (packet, run) => {
    run.rewriter.setTrafficClass(packet, ((packet.trafficClass & ~mask) ^ value) & 0xff)
    return CONTINUE
  }
}

/** `-j ECN --ecn-tcp-remove`: the two flags of TCP are cleared. A packet whose header is cut short is dropped. */
export function removeEcnFlagsStep(): Step {
  return (packet, run) => {
    const at = transportStart(packet)
    if (!hasBytes(packet, at, 20)) return DROP
    const flags = packet.view.getUint8(at + 13)
    if ((flags & 0xc0) !== 0) run.rewriter.setField(packet, at + 13, 1, [flags & 0x3f], 0, at + 16, false)
    return CONTINUE
  }
}

/** `-j TCPOPTSTRIP`: options of these kinds become no-operations. */
export function stripOptionsStep(kinds: readonly number[]): Step {
  return (packet, { rewriter }) => {
    if (packet.fragmentOffset > 0) return CONTINUE
    for (let index = 0; index < kinds.length; index++) rewriter.stripTcpOption(packet, kinds[index]!)
    return CONTINUE
  }
}
