import type { TcpOptionNode } from "../expression/tcp-option.js"
import type { Store } from "./store.js"

/** `tcp option maxseg size set 1360`: as the kernel has it, the MSS is only ever lowered. Other options are left as they are. */
export function mangleTcpOption({ option, field }: TcpOptionNode): Store | undefined {
  if (option !== "maxseg" || field !== "size") return undefined
  return (packet, run) => {
    const known = packet.tcpMaximumSegmentSize
    if (packet.protocol !== 6 || known < 0) return false
    const size = run.registers[0]!
    if (size < known) run.rewriter.setMaximumSegmentSize(packet, size)
    return true
  }
}
