import { type Command as Parser, Option as ParserOption } from "commander"
import type { Option } from "./command.js"

/** Our options in commander's words. Values that are not understood are collected as sentences. */
export function addOptions(parser: Parser, options: readonly Option[], wrong: string[]): void {
  for (const option of options) {
    const made = new ParserOption(option.flags, option.text)
    if (option.choices) made.choices([...option.choices])
    const { parse, many } = option
    const read = (text: string): unknown => {
      const result = parse ? parse(text) : { value: text }
      if ("value" in result) return result.value
      wrong.push(`${made.long ?? option.flags}: ${result.wrong}`)
      return undefined
    }
    if (many) made.argParser((text: string, before: unknown[] | undefined) => [...(before ?? []), read(text)])
    else if (parse) made.argParser(read)
    if (option.fallback !== undefined) made.default(read(option.fallback))
    parser.addOption(made)
  }
}
