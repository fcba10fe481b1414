import type { XtOption, XtOptions } from "./extension.js"
import { pairOf } from "./value-number.js"

const all = 0xffffffff

/** What the other words for setting a mark mean as `--set-xmark VALUE/MASK`: bits of the mask are cleared, then the value's are turned over. */
export function asXmark(options: XtOptions): XtOptions {
  return options.map((option) => {
    const pair = xmarkOf(option)
    return pair ? { name: "set-xmark", value: pair } : option
  })
}

function xmarkOf({ name, value }: XtOption): readonly [number, number] | undefined {
  const [number, mask] = pairOf(value)
  const bits = value as number
  switch (name) {
    case "set-mark":
      return [number, (mask | number) >>> 0]
    case "and-mark":
      return [0, ~bits >>> 0]
    case "or-mark":
      return [bits, bits]
    case "xor-mark":
      return [bits, 0]
    default:
      return undefined
  }
}

/** What nft says for value and mask. */
export function xmarkToNft(key: string, value: number, mask: number): string {
  const hex = (bits: number) => `0x${(bits >>> 0).toString(16)}`
  if (mask === all) return `${key} set ${hex(value)}`
  if (mask === 0) return `${key} set ${key} xor ${hex(value)}`
  if (value === mask) return `${key} set ${key} or ${hex(value)}`
  if (value === 0) return `${key} set ${key} and ${hex(~mask)}`
  return `${key} set ${key} and ${hex(~mask)} xor ${hex(value)}`
}
