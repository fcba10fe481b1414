import { packetEnd } from "../../expression/packet-end.js"
import { BREAK, CONTINUE, type Step } from "../../runtime.js"
import { hasOption, numberOf, optionOf, type XtOptions } from "../option.js"

/** `-m string`. Both algorithms find the same where a packet lies in memory as a whole, which is how the engine has it. */
export interface StringSettings {
  readonly pattern: Uint8Array
  /** Bytes from the IP header on: where the search begins, and where a match must have ended. */
  readonly from: number
  readonly to: number
  readonly ignoreCase: boolean
  readonly negated: boolean
}

/** Whether the bytes stand anywhere in the packet, headers included. */
export function stringStep({ pattern, from, to, ignoreCase, negated }: StringSettings): Step {
  const upper = ignoreCase ? upperCase : identity
  const wanted = pattern.map((byte) => upper[byte]!)
  const length = wanted.length
  const last = length - 1
  // Horspool's shifts: how far the pattern may move for the byte under its end.
  const shifts = new Int32Array(256).fill(length)
  for (let byte = 0; byte < 256; byte++)
    for (let index = 0; index < last; index++) if (wanted[index] === upper[byte]) shifts[byte] = last - index
  const found = negated ? BREAK : CONTINUE
  const missed = negated ? CONTINUE : BREAK
  return (packet) => {
    const { view, networkOffset } = packet
    const end = Math.min(packetEnd(packet), networkOffset + to)
    let at = networkOffset + from
    while (at + length <= end) {
      let index = last
      while (index >= 0 && upper[view.getUint8(at + index)] === wanted[index]) index--
      if (index < 0) return found
      at += shifts[view.getUint8(at + last)]!
    }
    return missed
  }
}

const identity = Uint8Array.from({ length: 256 }, (_, byte) => byte)

/** The kernel's toupper: ASCII, and the small letters of Latin-1 (lib/ctype.c), ß and ÿ among them. */
const upperCase = Uint8Array.from({ length: 256 }, (_, byte) => {
  const isSmall = (byte >= 0x61 && byte <= 0x7a) || (byte >= 0xdf && byte !== 0xf7)
  return isSmall ? byte - 32 : byte
})

export function stringSettings(options: XtOptions): StringSettings {
  const pattern = optionOf(options, "string") ?? optionOf(options, "hex-string")
  return {
    pattern: Uint8Array.from((pattern?.value ?? []) as readonly number[]),
    from: numberOf(options, "from", 0),
    to: numberOf(options, "to", 65535),
    ignoreCase: hasOption(options, "icase"),
    negated: pattern?.negated === true,
  }
}
