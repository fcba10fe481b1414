import { CONTINUE } from "../../runtime.js"
import type { Extension, ValueSpec } from "../extension.js"
import { hasOption, numberOf, textOf } from "../option.js"
import { badValue } from "../problem.js"
import { quoteWord } from "../quote.js"
import { numberIn, parseNumber } from "../value-number.js"

const names = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"]
const others: Readonly<Record<string, number>> = { panic: 0, error: 3, warning: 4 }
const DEFAULT_LEVEL = 4
const PREFIX_LENGTH = 29

/** The value is the level's number. */
const level: ValueSpec = {
  shape: `number from 0 to 7, or ${names.join(", ")}`,
  parse: (text) => {
    if (parseNumber(text) !== undefined) return numberIn(text, 0, 7)
    const found = others[text.toLowerCase()] ?? names.indexOf(text.toLowerCase())
    return found >= 0 ? found : badValue(`"${text}" is not a level of the log`)
  },
  print: String,
}

/** What is longer than the kernel keeps is cut off, as iptables does it. */
const prefix: ValueSpec = {
  shape: `text of at most ${PREFIX_LENGTH} characters`,
  parse: (text) => {
    if (text === "") return badValue("the prefix is empty")
    if (text.includes("\n")) return badValue("a prefix has no line break")
    return text.slice(0, PREFIX_LENGTH)
  },
  print: (value) => quoteWord(String(value)),
}

/** Writes to the kernel's log, and goes on. */
export const log: Extension = {
  name: "LOG",
  role: "target",
  families: [4, 6],
  options: [
    { name: "log-prefix", value: prefix },
    { name: "log-level", value: level },
    { name: "log-tcp-sequence" },
    { name: "log-tcp-options" },
    { name: "log-ip-options" },
    { name: "log-uid" },
    { name: "log-macdecode" },
  ],
  normal: (options) => options.filter(({ name, value }) => name !== "log-level" || value !== DEFAULT_LEVEL),
  toNft: (options) => {
    const flags = [
      ...(hasOption(options, "log-tcp-sequence") || hasOption(options, "log-tcp-options")
        ? [
            `tcp ${[hasOption(options, "log-tcp-sequence") && "sequence", hasOption(options, "log-tcp-options") && "options"].filter(Boolean).join(",")}`,
          ]
        : []),
      ...(hasOption(options, "log-ip-options") ? ["ip options"] : []),
      ...(hasOption(options, "log-uid") ? ["skuid"] : []),
      ...(hasOption(options, "log-macdecode") ? ["ether"] : []),
    ]
    const words = textOf(options, "log-prefix", "")
    const number = numberOf(options, "log-level", DEFAULT_LEVEL)
    const said = [
      "log",
      ...(words === "" ? [] : [`prefix "${words}"`]),
      ...(number === DEFAULT_LEVEL ? [] : [`level ${names[number]}`]),
      ...flags.map((flag) => `flags ${flag}`),
    ]
    return words.includes('"')
      ? { unsupported: "a log prefix in nft cannot hold a quotation mark" }
      : said.join(" ")
  },
  compile: () => () => CONTINUE,
  manual: {
    title: "iptables: LOG",
    text: "Writes a line to the kernel's log, and goes on.",
    example: 'log prefix "new: "',
  },
}
