import type { Extension, ValueSpec, XtOptions } from "../extension.js"
import { hasOption } from "../option.js"
import { badOptions, badValue } from "../problem.js"
import { unknownTarget } from "../unknown-step.js"
import { number, numberIn, toHex } from "../value-number.js"

const word = number({ maximum: 0xffffffff })

/** A length, or a mask in the notation of addresses is not taken here. */
const length: ValueSpec = {
  shape: "prefix length",
  parse: (text, family) => numberIn(text, 0, family === 4 ? 32 : 128),
  print: String,
}

const mask16 = number({ maximum: 0xffff, hex: 4 })
/** iptables-save prints it with two digits at least, four where the value was written so. */
const protocolMask: ValueSpec = {
  shape: "number from 0 to 65535",
  parse: (text) => numberIn(text, 0, 0xffff),
  print: (value) => toHex(value as number, 2),
}

const tupleParts: Readonly<Record<string, XtOptions>> = {
  src: [{ name: "hmark-src-prefix", value: 32 }],
  dst: [{ name: "hmark-dst-prefix", value: 32 }],
  sport: [{ name: "hmark-sport-mask", value: 0xffff }],
  dport: [{ name: "hmark-dport-mask", value: 0xffff }],
  spi: [{ name: "hmark-spi-mask", value: 0xffffffff }],
}

/** The value is the list of the parts; `ct`: of the connection. */
const tuple: ValueSpec = {
  shape: "src, dst, sport, dport, spi, ct, with commas between",
  parse: (text) => {
    const parts = text.split(",")
    const wrong = parts.find((part) => part !== "ct" && !(part in tupleParts))
    return wrong === undefined ? parts : badValue(`"${wrong}" is not a part of a tuple`)
  },
  print: (value) => (value as readonly string[]).join(","),
}

/** A mark from a hash of the packet's addresses and ports. */
export const hmark: Extension = {
  name: "HMARK",
  role: "target",
  families: [4, 6],
  options: [
    { name: "hmark-src-prefix", value: length },
    { name: "hmark-dst-prefix", value: length },
    { name: "hmark-sport-mask", value: mask16, excludes: ["hmark-spi-mask"] },
    { name: "hmark-dport-mask", value: mask16, excludes: ["hmark-spi-mask"] },
    { name: "hmark-spi-mask", value: number({ maximum: 0xffffffff, hex: 8 }) },
    { name: "hmark-sport", value: mask16, excludes: ["hmark-spi"] },
    { name: "hmark-dport", value: mask16, excludes: ["hmark-spi"] },
    { name: "hmark-spi", value: number({ maximum: 0xffffffff, hex: 8 }) },
    { name: "hmark-proto-mask", value: protocolMask },
    { name: "hmark-rnd", value: number({ maximum: 0xffffffff, hex: 8 }) },
    { name: "hmark-mod", value: word, required: true },
    { name: "hmark-offset", value: word },
    { name: "hmark-tuple", value: tuple },
  ],
  normal: (options, family) =>
    options.flatMap((option): XtOptions => {
      if (option.name !== "hmark-tuple") return [option]
      const parts = option.value as readonly string[]
      const expanded = parts
        .flatMap((part) => tupleParts[part] ?? [])
        .map((part) => (part.value === 32 && family === 6 ? { ...part, value: 128 } : part))
      return [...expanded, ...(parts.includes("ct") ? [{ name: "hmark-tuple", value: ["ct"] }] : [])]
    }),
  check: (options) =>
    options.some(({ name }) => /-(prefix|mask)$|sport|dport|spi/.test(name)) &&
    hasOption(options, "hmark-mod")
      ? undefined
      : badOptions("HMARK needs --hmark-mod and something to make a hash of"),
  ...unknownTarget,
  manual: {
    title: "iptables: HMARK",
    text: "Marks packets by a hash of addresses and ports.",
    example: "meta mark set jhash ip saddr mod 42",
  },
}
