import type { Extension, XtOptions } from "./extension.js"
import { quoteWord } from "./quote.js"

/** Under this name a match or target that is not known keeps its words. */
export const WORDS = "words"

/** The options as iptables-save prints them behind `-m NAME`; of an extension that is not known, its words as they were. */
export function printOptions(extension: Extension | undefined, options: XtOptions, family: 4 | 6): string {
  if (!extension)
    return options
      .flatMap(({ value }) => (Array.isArray(value) ? value : []))
      .map((word) => quoteUnknown(String(word)))
      .join(" ")
  if (extension.print) return extension.print(options, family)
  return options
    .map(({ name, negated, value }) => {
      const spec = extension.options.find((option) => option.name === name)
      const text = value === undefined || !spec?.value ? "" : ` ${spec.value.print(value, family)}`
      return `${negated ? "! " : ""}--${name}${text}`
    })
    .join(" ")
}

/** Words of others may hold what quoting is not needed for. */
function quoteUnknown(word: string): string {
  return /^[\w!,.:/@+=%-]+$/.test(word) ? word : quoteWord(word)
}
