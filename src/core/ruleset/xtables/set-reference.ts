import type { ValueSpec } from "./extension.js"
import { badValue } from "./problem.js"

/** `NAME src,dst`: a set, and for each part of its key which end of the packet it is asked for. The value is `[name, [ends]]`. */
export const setReference: ValueSpec = {
  shape: "a set's name, and src or dst for each part of its key with commas between",
  words: 2,
  parse: (text) => {
    const at = text.lastIndexOf(" ")
    const name = text.slice(0, at)
    const ends = text.slice(at + 1).split(",")
    if (name.length > 31) return badValue("a set's name has at most 31 characters")
    if (ends.length > 6) return badValue("a key has at most 6 parts")
    const wrong = ends.find((end) => end !== "src" && end !== "dst")
    return wrong === undefined ? [name, ends] : badValue(`"${wrong}" is neither src nor dst`)
  },
  print: (value) => {
    const [name, ends] = value as readonly [string, readonly string[]]
    return `${name} ${ends.join(",")}`
  },
}
