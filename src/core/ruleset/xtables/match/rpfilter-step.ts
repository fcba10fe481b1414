import { BREAK, CONTINUE, type Step } from "../../runtime.js"
import { hasOption, type XtOptions } from "../option.js"

const RTN_UNICAST = 1
const RTN_LOCAL = 2

/** `-m rpfilter`: matches where an answer to the source would leave where the packet came in, or with `--loose` anywhere. The routing table is what a replay was told. */
export function rpfilterStep(options: XtOptions): Step {
  const loose = hasOption(options, "loose")
  const acceptsLocal = hasOption(options, "accept-local")
  const holds = hasOption(options, "invert") ? BREAK : CONTINUE
  const fails = hasOption(options, "invert") ? CONTINUE : BREAK
  return (packet, run) => {
    if (packet.family === 4 && packet.source0 >>> 24 === 0) {
      const isToAll = packet.destination0 === 0xffffffff || packet.destination0 >>> 8 === 0xe00000
      if (isToAll) return holds
    }
    const type = run.routes.addressType(packet, "source")
    if (type !== RTN_UNICAST && !(type === RTN_LOCAL && acceptsLocal)) return fails
    const device = run.routes.interfaceTo(packet, "source")
    return (loose ? device !== 0 : device === run.inputInterface) ? holds : fails
  }
}
