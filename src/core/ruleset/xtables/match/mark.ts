import { BREAK, CONTINUE } from "../../runtime.js"
import type { Extension } from "../extension.js"
import { isNegated, optionOf } from "../option.js"
import { masked, pairOf, toHex } from "../value-number.js"

/** The packet's mark under a mask (xt_mark). */
export const mark: Extension = {
  name: "mark",
  role: "match",
  families: [4, 6],
  options: [{ name: "mark", value: masked(), invertible: true, required: true }],
  toNft: (options) => {
    const [value, mask] = pairOf(optionOf(options, "mark")?.value)
    return maskedToNft("meta mark", value, mask, isNegated(options, "mark"))
  },
  compile(options) {
    const [value, mask] = pairOf(optionOf(options, "mark")?.value)
    const wanted = value | 0
    const negated = isNegated(options, "mark")
    return (_packet, run) => (((run.mark & mask) === wanted) !== negated ? CONTINUE : BREAK)
  },
  manual: {
    title: "iptables: mark",
    text: "The packet's mark, or some bits of it.",
    example: "meta mark and 0xff == 0x1",
  },
}

/** `meta mark 0x1`, `meta mark and 0xff == 0x1`. */
export function maskedToNft(key: string, value: number, mask: number, negated: boolean): string {
  if (mask === 0xffffffff) return `${key} ${negated ? "!= " : ""}${toHex(value)}`
  return `${key} and ${toHex(mask)} ${negated ? "!=" : "=="} ${toHex(value)}`
}
