import { BREAK, CONTINUE, DROP, type Step } from "../../runtime.js"
import { cutShort, hasBytes, transportStart } from "../bytes.js"

/** `-m tcpmss` */
export interface TcpmssSettings {
  readonly from: number
  readonly to: number
  readonly negated: boolean
}

const MSS = 2
const MSS_LENGTH = 4

/** The MSS option of a TCP header. Without the option `!` matches. A header that is cut short drops the packet, and so does one that says it is shorter than 20 bytes. */
export function tcpmssStep({ from, to, negated }: TcpmssSettings): Step {
  const whenAbsent = negated ? CONTINUE : BREAK
  return (packet) => {
    const at = transportStart(packet)
    if (!hasBytes(packet, at, 20)) return cutShort(packet, at, 20)
    const { view } = packet
    const length = (view.getUint8(at + 12) >>> 4) * 4
    if (length < 20) return DROP
    if (!hasBytes(packet, at, length)) return cutShort(packet, at, length)
    const end = at + length
    for (let option = at + 20; option < end; ) {
      const kind = view.getUint8(option)
      const size = kind < 2 || option + 1 >= end ? 1 : view.getUint8(option + 1)
      if (kind === MSS && end - option >= MSS_LENGTH && size === MSS_LENGTH) {
        const value = view.getUint16(option + 2)
        return (value >= from && value <= to) !== negated ? CONTINUE : BREAK
      }
      option += size === 0 ? 1 : size
    }
    return whenAbsent
  }
}
