import type { Extension } from "../extension.js"
import { asXmark, xmarkToNft } from "../mark-options.js"
import { hasOption, numberOf, optionOf } from "../option.js"
import { badOptions } from "../problem.js"
import { masked, number, pairOf } from "../value-number.js"
import { connmarkStep } from "./mark-step.js"

const bits = number({ maximum: 0xffffffff })
const bitMask = number({ maximum: 0xffffffff, hex: 1 })
const shift = number({ maximum: 32 })
const deeds = ["set-xmark", "set-mark", "and-mark", "or-mark", "xor-mark", "save-mark", "restore-mark"]

/** The mark of the packet's connection: set, saved from the packet's, or restored to it. */
export const connmark: Extension = {
  name: "CONNMARK",
  role: "target",
  families: [4, 6],
  needsConntrack: true,
  options: [
    {
      name: "set-xmark",
      value: { ...masked(), print: masked(0x1_0000_0000).print },
      excludes: deeds.slice(1),
    },
    { name: "set-mark", value: masked(), excludes: deeds.slice(2) },
    { name: "and-mark", value: bits, excludes: deeds.slice(3) },
    { name: "or-mark", value: bits, excludes: deeds.slice(4) },
    { name: "xor-mark", value: bits, excludes: deeds.slice(5) },
    { name: "save-mark", excludes: ["restore-mark"] },
    { name: "restore-mark" },
    { name: "mask", value: bits, excludes: ["nfmask", "ctmask"] },
    { name: "nfmask", value: bitMask },
    { name: "ctmask", value: bitMask },
    { name: "left-shift-mark", value: shift, excludes: ["right-shift-mark"] },
    { name: "right-shift-mark", value: shift },
  ],
  normal: (options) => {
    const both = numberOf(options, "mask", 0xffffffff)
    const others = asXmark(options).filter(
      ({ name }) => name !== "mask" && name !== "nfmask" && name !== "ctmask",
    )
    if (!hasOption(options, "save-mark") && !hasOption(options, "restore-mark")) return others
    return [
      ...others,
      { name: "nfmask", value: numberOf(options, "nfmask", both) },
      { name: "ctmask", value: numberOf(options, "ctmask", both) },
    ]
  },
  check: (options) =>
    deeds.some((name) => hasOption(options, name))
      ? undefined
      : badOptions("CONNMARK needs a word such as --set-mark or --save-mark"),
  toNft: (options) => {
    if (options.some(({ name }) => name.endsWith("-shift-mark")))
      return { unsupported: "shifts of marks are written otherwise in nft" }
    const setting = optionOf(options, "set-xmark")
    if (setting) return xmarkToNft("ct mark", ...pairOf(setting.value))
    const [from, to] = hasOption(options, "save-mark") ? ["meta", "ct"] : ["ct", "meta"]
    const isWhole =
      numberOf(options, "nfmask", 0) === 0xffffffff && numberOf(options, "ctmask", 0) === 0xffffffff
    return isWhole ? `${to} mark set ${from} mark` : { unsupported: "nft copies marks as a whole" }
  },
  compile: (options) => {
    const [value, mask] = pairOf(optionOf(options, "set-xmark")?.value)
    return connmarkStep({
      mode: hasOption(options, "save-mark") ? "save" : hasOption(options, "restore-mark") ? "restore" : "set",
      value,
      connectionMask: optionOf(options, "set-xmark") ? mask : numberOf(options, "ctmask", 0xffffffff),
      packetMask: numberOf(options, "nfmask", 0xffffffff),
      shift: numberOf(options, "left-shift-mark", 0) - numberOf(options, "right-shift-mark", 0),
    })
  },
  manual: {
    title: "iptables: CONNMARK",
    text: "Sets a connection's mark, or copies it from or to the packet's.",
    example: "ct mark set meta mark",
  },
}
