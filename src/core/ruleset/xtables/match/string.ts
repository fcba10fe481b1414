import type { Extension, ValueSpec, XtOptions } from "../extension.js"
import { hasOption, numberOf } from "../option.js"
import { badOptions, badValue } from "../problem.js"
import { choice } from "../value-choice.js"
import { number } from "../value-number.js"
import { stringSettings, stringStep } from "./string-step.js"

/** XT_STRING_MAX_PATTERN_SIZE of linux/netfilter/xt_string.h. */
const MAXIMUM = 128

/** The value of both is the list of the pattern's bytes. */
const plain: ValueSpec = {
  shape: `text of 1 to ${MAXIMUM} bytes`,
  parse: (text) => checked(utf8(text)),
  print: (value) => `"${latin(value as readonly number[]).replaceAll(/["\\]/g, "\\$&")}"`,
}

const hexadecimal: ValueSpec = {
  shape: "text in which |0d 0a| gives bytes in hexadecimal",
  parse: (text) => {
    const bytes: number[] = []
    for (const [index, part] of text.split(/(?<!\\)\|/).entries()) {
      if (index % 2 === 0) {
        bytes.push(...utf8(part.replaceAll(/\\(.)/g, "$1")))
        continue
      }
      const digits = part.replaceAll(/\s+/g, "")
      if (!/^([0-9a-f]{2})*$/i.test(digits)) return badValue(`"${part}" is not pairs of hexadecimal digits`)
      for (let at = 0; at < digits.length; at += 2) bytes.push(Number.parseInt(digits.slice(at, at + 2), 16))
    }
    if (text.split(/(?<!\\)\|/).length % 2 === 0)
      return badValue("a block in hexadecimal has no end: |0d 0a|")
    return checked(bytes)
  },
  print: (value) =>
    `"|${(value as readonly number[]).map((byte) => byte.toString(16).padStart(2, "0")).join("")}|"`,
}

function checked(bytes: readonly number[]) {
  if (bytes.length === 0) return badValue("the pattern is empty")
  return bytes.length <= MAXIMUM
    ? bytes
    : badValue(`the pattern has ${bytes.length} bytes, and at most ${MAXIMUM} are taken`)
}

function utf8(text: string): number[] {
  return [...text].flatMap((character) => {
    const code = character.codePointAt(0)!
    if (code < 0x80) return [code]
    if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 63)]
    if (code < 0x10000) return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)]
    return [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)]
  })
}

function latin(bytes: readonly number[]): string {
  return String.fromCharCode(...bytes)
}

/** Bytes that iptables-save writes in hexadecimal. */
function isPrintable(bytes: readonly number[]): boolean {
  return bytes.every((byte) => byte >= 0x20 && byte < 0x7f)
}

/** A pattern somewhere in the packet, from the IP header on. */
export const string: Extension = {
  name: "string",
  role: "match",
  families: [4, 6],
  options: [
    { name: "string", value: plain, invertible: true, excludes: ["hex-string"] },
    { name: "hex-string", value: hexadecimal, invertible: true },
    { name: "algo", value: choice(["bm", "kmp"]), required: true },
    { name: "from", value: number({ maximum: 65535 }) },
    { name: "to", value: number({ maximum: 65535 }) },
    { name: "icase" },
  ],
  normal: (options) =>
    options.flatMap((option) => {
      if (option.name === "from" && option.value === 0) return []
      if (option.name === "to" && option.value === 65535) return []
      if (option.name !== "string" && option.name !== "hex-string") return [option]
      return [{ ...option, name: isPrintable(option.value as readonly number[]) ? "string" : "hex-string" }]
    }),
  check: (options) => checkString(options),
  compile: (options) => stringStep(stringSettings(options)),
  manual: {
    title: "iptables: string",
    text: "A pattern somewhere in the packet.",
    example: "@th,64,32 0x74657374",
  },
}

function checkString(options: XtOptions) {
  if (!hasOption(options, "string") && !hasOption(options, "hex-string"))
    return badOptions("string needs --string or --hex-string")
  return numberOf(options, "from", 0) > numberOf(options, "to", 65535)
    ? badOptions("--from lies behind --to")
    : undefined
}
