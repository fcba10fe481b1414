import type { ValueSpec } from "./extension.js"
import { badValue } from "./problem.js"
import { number, toHex } from "./value-number.js"

/** DiffServ classes by name (RFC 2474, RFC 2597, RFC 3246). */
const classes: Readonly<Record<string, number>> = {
  BE: 0,
  EF: 0x2e,
  ...Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`CS${index}`, index << 3])),
  ...Object.fromEntries(
    [1, 2, 3, 4].flatMap((group) =>
      [1, 2, 3].map((precedence) => [`AF${group}${precedence}`, (group << 3) | (precedence << 1)]),
    ),
  ),
}

export const codepoint = number({ maximum: 63, hex: 2 })

/** The value is the class's number. */
export const codepointClass: ValueSpec = {
  shape: "BE, EF, CS0 to CS7, AF11 to AF43",
  parse: (text) => classes[text.toUpperCase()] ?? badValue(`"${text}" is not a DiffServ class`),
  print: (value) => toHex(value as number, 2),
}
