import type { Extension } from "../extension.js"
import { asXmark, xmarkToNft } from "../mark-options.js"
import { optionOf } from "../option.js"
import { badOptions } from "../problem.js"
import { masked, number, pairOf } from "../value-number.js"
import { markStep } from "./mark-step.js"

const bits = number({ maximum: 0xffffffff })
const pair = { ...masked(), print: masked(0x1_0000_0000).print }

/** Sets the packet's mark, or some bits of it. */
export const mark: Extension = {
  name: "MARK",
  role: "target",
  families: [4, 6],
  options: [
    { name: "set-xmark", value: pair, excludes: ["set-mark", "and-mark", "or-mark", "xor-mark"] },
    { name: "set-mark", value: masked(), excludes: ["and-mark", "or-mark", "xor-mark"] },
    { name: "and-mark", value: bits, excludes: ["or-mark", "xor-mark"] },
    { name: "or-mark", value: bits, excludes: ["xor-mark"] },
    { name: "xor-mark", value: bits },
  ],
  normal: asXmark,
  check: (options) =>
    options.length === 1
      ? undefined
      : badOptions("MARK needs one of --set-xmark, --set-mark, --and-mark, --or-mark and --xor-mark"),
  toNft: (options) => xmarkToNft("meta mark", ...pairOf(optionOf(options, "set-xmark")?.value)),
  compile: (options) => markStep(...pairOf(optionOf(options, "set-xmark")?.value)),
  manual: {
    title: "iptables: MARK",
    text: "Sets the packet's mark, and goes on.",
    example: "meta mark set 0x1",
  },
}
