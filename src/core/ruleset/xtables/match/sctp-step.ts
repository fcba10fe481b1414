import type { Packet } from "../../../packet/packet.js"
import { BREAK, CONTINUE, DROP, type Outcome, type Step } from "../../runtime.js"
import { cutShort, hasBytes, transportStart } from "../bytes.js"
import { optionOf, type XtOptions } from "../option.js"
import { pairOf } from "../value-number.js"

/** `-m sctp`; what is absent is not asked. */
export interface SctpSettings {
  readonly source?: { readonly from: number; readonly to: number; readonly negated: boolean }
  readonly destination?: { readonly from: number; readonly to: number; readonly negated: boolean }
  readonly chunks?: {
    readonly match: "all" | "any" | "only"
    readonly types: readonly number[]
    /** Flags that a chunk of a type must have, under a mask. */
    readonly flags: readonly { readonly type: number; readonly mask: number; readonly value: number }[]
    readonly negated: boolean
  }
}

const HEADER = 12

export function sctpStep({ source, destination, chunks }: SctpSettings): Step {
  const chunkStep = chunks ? chunksOf(chunks) : undefined
  return (packet) => {
    if (packet.fragmentOffset > 0) return BREAK
    const at = transportStart(packet)
    if (!hasBytes(packet, at, HEADER)) return cutShort(packet, at, HEADER)
    const from = packet.view.getUint16(at)
    const to = packet.view.getUint16(at + 2)
    if (source && (from >= source.from && from <= source.to) === source.negated) return BREAK
    if (destination && (to >= destination.from && to <= destination.to) === destination.negated) return BREAK
    return chunkStep ? chunkStep(packet, at + HEADER) : CONTINUE
  }
}

/** Walks the chunks: one that is cut short, or has no length, drops the packet. */
function chunksOf({
  match,
  types,
  flags,
  negated,
}: NonNullable<SctpSettings["chunks"]>): (packet: Packet, at: number) => Outcome {
  const isAsked = new Uint8Array(256)
  for (const type of types) isAsked[type] = 1
  const wanted = types.length
  const seen = new Uint8Array(256)
  const holds = negated ? BREAK : CONTINUE
  const fails = negated ? CONTINUE : BREAK
  return (packet, from) => {
    const { view } = packet
    const end = packet.networkOffset + packet.networkLength
    let at = from
    let found = 0
    seen.fill(0)
    do {
      if (!hasBytes(packet, at, 4)) return cutShort(packet, at, 4)
      const type = view.getUint8(at)
      const length = view.getUint16(at + 2)
      if (length === 0) return DROP
      const fits = isAsked[type] === 1 && flagsFit(type, view.getUint8(at + 1))
      at += (length + 3) & ~3
      if (match === "any" && fits) return holds
      if (match === "only" && !fits) return fails
      if (fits && seen[type] === 0) {
        seen[type] = 1
        found++
      }
    } while (at < end)
    return match === "only" || (match === "all" && found === wanted) ? holds : fails
  }

  function flagsFit(type: number, value: number): boolean {
    for (const flag of flags) if (flag.type === type) return (value & flag.mask) === flag.value
    return true
  }
}

/** `numbers` are the types of chunks by their names; `ALL` and `NONE` name all of them and none. */
export function sctpSettings(options: XtOptions, numbers: ReadonlyMap<string, number>): SctpSettings {
  const ports = (name: string) => {
    const option = optionOf(options, name)
    if (!option) return undefined
    const [from, to] = pairOf(option.value)
    return { from, to, negated: option.negated === true }
  }
  const source = ports("sport")
  const destination = ports("dport")
  const option = optionOf(options, "chunk-types")
  return {
    ...(source && { source }),
    ...(destination && { destination }),
    ...(option && { chunks: chunksAsked(option, numbers) }),
  }
}

function chunksAsked(
  option: XtOptions[number],
  numbers: ReadonlyMap<string, number>,
): NonNullable<SctpSettings["chunks"]> {
  const [match, ...asked] = option.value as readonly [
    "all" | "any" | "only",
    ...(readonly [string, number, number])[],
  ]
  const everyType = Array.from({ length: 256 }, (_, type) => type)
  const typesOf = (name: string) => (name === "ALL" ? everyType : name === "NONE" ? [] : [numbers.get(name)!])
  return {
    match,
    types: asked.flatMap(([name]) => typesOf(name)),
    flags: asked.flatMap(([name, mask, value]) =>
      mask === 0 ? [] : [{ type: numbers.get(name)!, mask, value }],
    ),
    negated: option.negated === true,
  }
}
