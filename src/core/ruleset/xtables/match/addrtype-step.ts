import type { Packet } from "../../../packet/packet.js"
import { BREAK, CONTINUE, type Run, type Step } from "../../runtime.js"
import { optionOf, type XtOptions } from "../option.js"

/** `-m addrtype`: sets of RTN_* numbers as bits (bit 1 unicast, 2 local, 3 broadcast, 5 multicast). */
export interface AddrtypeSettings {
  readonly source?: { readonly types: number; readonly negated: boolean }
  readonly destination?: { readonly types: number; readonly negated: boolean }
}

const UNSPECIFIED = 1 << 0
const UNICAST = 1 << 1
const LOCAL = 1 << 2
const MULTICAST = 1 << 5
const LOOKED_UP = LOCAL | (1 << 4) | (1 << 7)

/** `--limit-iface-in` and `-out` ask the same of one interface's addresses; the engine knows them only together. */
export function addrtypeStep({ source, destination }: AddrtypeSettings, family: 4 | 6): Step {
  const is = family === 4 ? isOfType4 : isOfType6
  return (packet, run) => {
    if (source && is(packet, run, "source", source.types) === source.negated) return BREAK
    if (destination && is(packet, run, "destination", destination.types) === destination.negated) return BREAK
    return CONTINUE
  }
}

function isOfType4(packet: Packet, run: Run, which: "source" | "destination", types: number): boolean {
  return (types & (1 << run.routes.addressType(packet, which))) !== 0
}

/** Of IPv6 every named type must fit: the address's own form says what it is, and the routing table only whether it is local, anycast or unreachable (match_type6 in xt_addrtype.c). */
function isOfType6(packet: Packet, run: Run, which: "source" | "destination", types: number): boolean {
  const isSource = which === "source"
  const first = isSource ? packet.source0 : packet.destination0
  const isMulticast = first >>> 24 === 0xff
  const isUnspecified =
    first === 0 &&
    (isSource ? packet.source1 : packet.destination1) === 0 &&
    (isSource ? packet.source2 : packet.destination2) === 0 &&
    (isSource ? packet.source3 : packet.destination3) === 0
  if (types & MULTICAST && !isMulticast) return false
  if (types & UNICAST && (isMulticast || isUnspecified)) return false
  if (types & UNSPECIFIED && !isUnspecified) return false
  if (types & LOOKED_UP) return (types & (1 << run.routes.addressType(packet, which))) !== 0
  return true
}

export function addrtypeSettings(options: XtOptions): AddrtypeSettings {
  const asked = (name: string) => {
    const option = optionOf(options, name)
    return option && { types: Number(option.value), negated: option.negated === true }
  }
  const source = asked("src-type")
  const destination = asked("dst-type")
  return { ...(source && { source }), ...(destination && { destination }) }
}
