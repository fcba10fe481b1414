import type { Packet } from "../../../packet/packet.js"
import { BREAK, CONTINUE, type Step } from "../../runtime.js"
import { cutShort, hasBytes, transportStart } from "../bytes.js"
import { optionOf, type XtOptions } from "../option.js"
import { pairOf } from "../value-number.js"
import type { NumberRange } from "./ipv6-headers-step.js"

/** `-m dccp`; what is absent is not asked. */
export interface DccpSettings {
  readonly source?: NumberRange
  readonly destination?: NumberRange
  /** A bit for each type. */
  readonly types?: { readonly bits: number; readonly negated: boolean }
  /** An option's number. */
  readonly option?: { readonly value: number; readonly negated: boolean }
}

const DCCP_HEADER = 12

export function dccpStep({ source, destination, types, option }: DccpSettings): Step {
  return (packet) => {
    if (packet.fragmentOffset > 0) return BREAK
    const at = transportStart(packet)
    if (!hasBytes(packet, at, DCCP_HEADER)) return cutShort(packet, at, DCCP_HEADER)
    const { view } = packet
    const from = view.getUint16(at)
    const to = view.getUint16(at + 2)
    if (source && (from >= source.from && from <= source.to) === source.negated) return BREAK
    if (destination && (to >= destination.from && to <= destination.to) === destination.negated) return BREAK
    if (types && ((types.bits >>> ((view.getUint8(at + 8) >>> 1) & 15)) & 1) === (types.negated ? 1 : 0))
      return BREAK
    if (!option) return CONTINUE
    return hasDccpOption(packet, at, option.value) !== option.negated ? CONTINUE : BREAK
  }
}

/** Bytes of fixed fields by type (RFC 4340 section 5), with long sequence numbers. */
const dccpHeaders = [20, 28, 16, 24, 24, 24, 24, 28, 24, 24]

function hasDccpOption(packet: Packet, at: number, wanted: number): boolean {
  const { view } = packet
  const type = (view.getUint8(at + 8) >>> 1) & 15
  const end = at + view.getUint8(at + 4) * 4
  if (!hasBytes(packet, at, end - at)) return false
  for (let option = at + (dccpHeaders[type] ?? 16); option < end; ) {
    const kind = view.getUint8(option)
    if (kind === wanted) return true
    option += kind < 32 || option + 1 >= end ? 1 : Math.max(1, view.getUint8(option + 1))
  }
  return false
}

export function dccpSettings(options: XtOptions): DccpSettings {
  const range = (name: string) => {
    const option = optionOf(options, name)
    if (!option) return undefined
    const [from, to] = pairOf(option.value)
    return { from, to, negated: option.negated === true }
  }
  const source = range("sport")
  const destination = range("dport")
  const types = optionOf(options, "dccp-types")
  const asked = optionOf(options, "dccp-option")
  return {
    ...(source && { source }),
    ...(destination && { destination }),
    ...(types && { types: { bits: Number(types.value), negated: types.negated === true } }),
    ...(asked && { option: { value: Number(asked.value), negated: asked.negated === true } }),
  }
}
