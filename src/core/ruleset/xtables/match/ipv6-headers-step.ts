import type { Packet } from "../../../packet/packet.js"
import { BREAK, CONTINUE, DROP, type Step } from "../../runtime.js"
import { cutShort, hasBytes, transportStart } from "../bytes.js"
import { hasOption, optionOf, type XtOptions } from "../option.js"
import { pairOf } from "../value-number.js"
import {
  AUTHENTICATION,
  DESTINATION,
  ESP,
  FRAGMENT,
  findHeader,
  HOP_BY_HOP,
  headerLength,
  isExtension,
  NONE,
  ROUTING,
  withoutHeader,
} from "./ipv6-chain.js"

export interface NumberRange {
  readonly from: number
  readonly to: number
  readonly negated: boolean
}

function inRange(value: number, range: NumberRange | undefined): boolean {
  return range === undefined || (value >= range.from && value <= range.to) !== range.negated
}

/** `-m frag` */
export interface FragSettings {
  readonly id?: NumberRange
  readonly reserved: boolean
  readonly first: boolean
  /** `more`: not the last one. */
  readonly position?: "more" | "last"
}

export function fragStep({ id, reserved, first, position }: FragSettings): Step {
  return (packet) => {
    const at = findHeader(packet, FRAGMENT)
    if (at < 0) return withoutHeader(at)
    if (!hasBytes(packet, at, 8)) return cutShort(packet, at, 8)
    const { view } = packet
    const offset = view.getUint16(at + 2)
    if (!inRange(view.getUint32(at + 4), id)) return BREAK
    if (reserved && (view.getUint8(at + 1) !== 0 || (offset & 6) !== 0)) return BREAK
    if (first && (offset & 0xfff8) !== 0) return BREAK
    if (position === "more" && (offset & 1) === 0) return BREAK
    if (position === "last" && (offset & 1) === 1) return BREAK
    return CONTINUE
  }
}

/** `-m hbh` and `-m dst`: options in their order, a length or (-1) any. */
export interface OptionsSettings {
  readonly header: "hop-by-hop" | "destination"
  /** Bytes of the header. */
  readonly length?: NumberRange
  readonly options: readonly { readonly type: number; readonly length: number }[]
}

export function headerOptionsStep({ header, length, options }: OptionsSettings): Step {
  const number = header === "hop-by-hop" ? HOP_BY_HOP : DESTINATION
  return (packet) => {
    const at = findHeader(packet, number)
    if (at < 0) return withoutHeader(at)
    if (!hasBytes(packet, at, 2)) return cutShort(packet, at, 2)
    const size = headerLength(packet, at, number)
    if (!hasBytes(packet, at, size)) return BREAK
    if (!inRange(size, length)) return BREAK
    let left = size - 2
    let option = at + 2
    for (let index = 0; index < options.length; index++) {
      const wanted = options[index]!
      if (left < 1 || packet.view.getUint8(option) !== wanted.type) return BREAK
      let taken = 1
      if (wanted.type !== 0) {
        if (left < 2) return BREAK
        const found = packet.view.getUint8(option + 1)
        if (wanted.length >= 0 && wanted.length !== found) return BREAK
        taken = found + 2
      }
      if (taken > left && index < options.length - 1) return BREAK
      option += taken
      left -= taken
    }
    return CONTINUE
  }
}

/** `-m rt` */
export interface RtSettings {
  readonly type?: { readonly value: number; readonly negated: boolean }
  readonly segmentsLeft?: NumberRange
  /** Bytes of the header. */
  readonly length?: { readonly value: number; readonly negated: boolean }
  readonly reserved: boolean
  /** Words of addresses; empty: none are asked for. */
  readonly addresses: readonly (readonly number[])[]
  /** They may stand among others, in this order; else they are all there are. */
  readonly among: boolean
}

export function rtStep({ type, segmentsLeft, length, reserved, addresses, among }: RtSettings): Step {
  return (packet) => {
    const at = findHeader(packet, ROUTING)
    if (at < 0) return withoutHeader(at)
    if (!hasBytes(packet, at, 4)) return cutShort(packet, at, 4)
    const { view } = packet
    const size = headerLength(packet, at, ROUTING)
    if (!hasBytes(packet, at, size)) return BREAK
    if (!inRange(view.getUint8(at + 3), segmentsLeft)) return BREAK
    if (length && (size === length.value) === length.negated) return BREAK
    if (type && (view.getUint8(at + 2) === type.value) === type.negated) return BREAK
    if (reserved && view.getUint32(at + 4) !== 0) return BREAK
    if (addresses.length === 0) return CONTINUE
    const count = (size - 8) >>> 4
    if (addresses.length > count || (!among && addresses.length !== count)) return BREAK
    let found = 0
    for (let index = 0; index < count && found < addresses.length; index++) {
      if (isAddress(packet, at + 8 + index * 16, addresses[found]!)) found++
      else if (!among) return BREAK
    }
    return found === addresses.length ? CONTINUE : BREAK
  }
}

function isAddress({ view }: Packet, at: number, words: readonly number[]): boolean {
  for (let index = 0; index < 4; index++) if (view.getUint32(at + index * 4) !== words[index]) return false
  return true
}

/** `-m ah` of IPv6 */
export interface AhSettings {
  readonly spi?: NumberRange
  readonly length?: { readonly value: number; readonly negated: boolean }
  readonly reserved: boolean
}

export function ahStep6({ spi, length, reserved }: AhSettings): Step {
  return (packet) => {
    const at = findHeader(packet, AUTHENTICATION)
    if (at < 0) return withoutHeader(at)
    if (!hasBytes(packet, at, 12)) return cutShort(packet, at, 12)
    const size = headerLength(packet, at, AUTHENTICATION)
    if (!inRange(packet.view.getUint32(at + 4), spi)) return BREAK
    if (length && length.value !== 0 && (size === length.value) === length.negated) return BREAK
    return reserved && packet.view.getUint16(at + 2) !== 0 ? BREAK : CONTINUE
  }
}

/** Bits of what `-m ipv6header` names. */
export const headerBits = {
  hop: 128,
  dst: 64,
  route: 32,
  frag: 16,
  auth: 8,
  esp: 4,
  none: 2,
  prot: 1,
} as const

const bitOf = new Map<number, number>([
  [HOP_BY_HOP, headerBits.hop],
  [DESTINATION, headerBits.dst],
  [ROUTING, headerBits.route],
  [FRAGMENT, headerBits.frag],
  [AUTHENTICATION, headerBits.auth],
])

/** `-m ipv6header`: exactly these headers, or with `soft` these and perhaps others. */
export interface Ipv6headerSettings {
  readonly headers: number
  readonly negated: boolean
  readonly soft: boolean
}

export function ipv6headerStep({ headers, negated, soft }: Ipv6headerSettings): Step {
  return (packet) => {
    const found = headersOf(packet)
    if (found < 0) return BREAK
    const holds = soft
      ? ((found ^ headers ^ (negated ? headers : 0)) & headers) === 0
      : (found === headers) !== negated
    return holds ? CONTINUE : BREAK
  }
}

/** Which headers there are; -1: one is cut short. */
function headersOf(packet: Packet): number {
  const end = packet.networkOffset + packet.networkLength
  let next = packet.view.getUint8(packet.networkOffset + 6)
  let at = packet.networkOffset + 40
  let found = 0
  while (isExtension(next) || next === ESP) {
    if (next === NONE) return found | headerBits.none
    if (!hasBytes(packet, at, 2)) return -1
    if (next === ESP) return found | headerBits.esp
    found |= bitOf.get(next)!
    const following = packet.view.getUint8(at)
    at += headerLength(packet, at, next)
    next = following
    if (at > end) break
  }
  return found | headerBits.prot
}

/** `-m mh`: types of mobility messages. A message that claims a payload drops the packet (RFC 6275 section 6.1.1). */
export function mhStep(type: NumberRange | undefined): Step {
  return (packet) => {
    if (packet.fragmentOffset > 0) return BREAK
    const at = transportStart(packet)
    if (!hasBytes(packet, at, 6)) return cutShort(packet, at, 6)
    if (packet.view.getUint8(at) !== NONE) return DROP
    return inRange(packet.view.getUint8(at + 2), type) ? CONTINUE : BREAK
  }
}

/** `-m eui64`: the source address ends in its sender's hardware address (RFC 4291 appendix A). */
export function eui64Step(): Step {
  return ({ view, sourceMacOffset: mac, etherType, source2, source3 }) => {
    if (mac < 0 || etherType !== 0x86dd) return BREAK
    const high = ((view.getUint16(mac) ^ 0x0200) << 16) | (view.getUint8(mac + 2) << 8) | 0xff
    const low = 0xfe000000 | (view.getUint8(mac + 3) << 16) | view.getUint16(mac + 4)
    return high >>> 0 === source2 && low >>> 0 === source3 ? CONTINUE : BREAK
  }
}

function rangeAsked(options: XtOptions, name: string): { readonly range?: NumberRange } {
  const option = optionOf(options, name)
  if (!option) return {}
  const [from, to] = pairOf(option.value)
  return { range: { from, to, negated: option.negated === true } }
}

function valueAsked(options: XtOptions, name: string): Asked | undefined {
  const option = optionOf(options, name)
  return option && { value: Number(option.value), negated: option.negated === true }
}

interface Asked {
  readonly value: number
  readonly negated: boolean
}

export function fragSettings(options: XtOptions): FragSettings {
  const { range } = rangeAsked(options, "fragid")
  return {
    ...(range && { id: range }),
    reserved: hasOption(options, "fragres"),
    first: hasOption(options, "fragfirst"),
    ...(hasOption(options, "fragmore") && { position: "more" as const }),
    ...(hasOption(options, "fraglast") && { position: "last" as const }),
  }
}

export function headerOptionsSettings(options: XtOptions, name: "hbh" | "dst"): OptionsSettings {
  const length = valueAsked(options, `${name}-len`)
  const list = (optionOf(options, `${name}-opts`)?.value ?? []) as readonly (readonly [number, number])[]
  return {
    header: name === "hbh" ? "hop-by-hop" : "destination",
    ...(length && { length: { from: length.value, to: length.value, negated: length.negated } }),
    options: list.map(([type, size]) => ({ type, length: size })),
  }
}

export function rtSettings(options: XtOptions): RtSettings {
  const type = valueAsked(options, "rt-type")
  const length = valueAsked(options, "rt-len")
  const { range } = rangeAsked(options, "rt-segsleft")
  return {
    ...(type && { type }),
    ...(range && { segmentsLeft: range }),
    ...(length && { length }),
    reserved: hasOption(options, "rt-0-res"),
    addresses: (optionOf(options, "rt-0-addrs")?.value ?? []) as readonly (readonly number[])[],
    among: hasOption(options, "rt-0-not-strict"),
  }
}

export function ahSettings(options: XtOptions): AhSettings {
  const { range } = rangeAsked(options, "ahspi")
  const length = valueAsked(options, "ahlen")
  return { ...(range && { spi: range }), ...(length && { length }), reserved: hasOption(options, "ahres") }
}

export function ipv6headerSettings(options: XtOptions): Ipv6headerSettings {
  const headers = valueAsked(options, "header")
  return {
    headers: headers?.value ?? 0,
    negated: headers?.negated === true,
    soft: hasOption(options, "soft"),
  }
}

export function mhRange(options: XtOptions): NumberRange | undefined {
  return rangeAsked(options, "mh-type").range
}
