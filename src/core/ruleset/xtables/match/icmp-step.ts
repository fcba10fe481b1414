import { BREAK, CONTINUE, type Step } from "../../runtime.js"
import { cutShort, hasBytes, transportStart } from "../bytes.js"
import type { XtOption } from "../extension.js"

/** Type and code (xt_tcpudp); `any`: a type that matches all. A header that is cut short drops the packet. */
export function icmpStep(option: XtOption | undefined, any: number): Step {
  const [type = any, from = 0, to = 255] = (option?.value ?? []) as readonly number[]
  const negated = option?.negated === true
  return (packet) => {
    if (packet.fragmentOffset > 0) return BREAK
    const at = transportStart(packet)
    if (!hasBytes(packet, at, 8)) return cutShort(packet, at, 8)
    if (type === any) return negated ? BREAK : CONTINUE
    const code = packet.view.getUint8(at + 1)
    const found = packet.view.getUint8(at) === type && code >= from && code <= to
    return found !== negated ? CONTINUE : BREAK
  }
}

export function icmpToNft(protocol: string, option: XtOption | undefined): string {
  const [type = 0, from = 0, to = 255] = (option?.value ?? []) as readonly number[]
  const not = option?.negated ? "!= " : ""
  if (from === 0 && to === 255) return `${protocol} type ${not}${type}`
  const codes = from === to ? `${from}` : `${from}-${to}`
  return `${protocol} type . ${protocol} code ${not}{ ${type} . ${codes} }`
}
