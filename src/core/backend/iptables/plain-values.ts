import type { XtAddress, XtName } from "../../ruleset/xtables/node.js"
import { parseProtocol } from "../../ruleset/xtables/protocols.js"
import { cleared, parseMasked } from "../../ruleset/xtables/value-address.js"
import type { RuleDraft } from "./draft.js"
import type { Report } from "./report.js"
import type { Word } from "./words.js"

/** Whose rule it is, and who is told of mistakes. */
interface Place {
  readonly family: 4 | 6
  readonly report: Report
}

/** `192.0.2.0/24,198.51.100.7`. Empty: all addresses. */
export function readAddresses(word: Word, negated: boolean, { family, report }: Place): readonly XtAddress[] {
  const found: XtAddress[] = []
  let column = word.column
  for (const text of word.text.split(",")) {
    const place = { ...word, text, column }
    column += text.length + 1
    const parsed = parseMasked(text, family)
    if ("id" in parsed) report.add("error", parsed, place)
    else found.push({ ...cleared(parsed), negated })
  }
  if (negated && found.length > 1)
    report.error(
      "xt-negation",
      "! does not go with several addresses",
      word,
      "make a chain of them, and jump there",
    )
  // All addresses are no question, unless they are denied.
  return found.length === 1 && !negated && found[0]!.mask.every((mask) => mask === 0) ? [] : found
}

/** `eth0`, or the beginning of names: `ppp+`. */
export function readInterfaceName(
  word: Word,
  negated: boolean,
  { report }: Place,
): XtName & { readonly word: Word } {
  const { text } = word
  const problem =
    text === ""
      ? "the name of an interface is empty"
      : text.length > 15
        ? `"${text}" is longer than the name of an interface can be (15)`
        : undefined
  if (problem) report.error("xt-bad-value", problem, word)
  else if (/[/\s]/.test(text)) report.warning("xt-bad-value", `no interface has the name "${text}"`, word)
  return { name: text, negated, word }
}

/** A name of /etc/protocols or a number. Undefined: `all`, or a mistake, which has been reported. */
export function readProtocol(word: Word, negated: boolean, { family, report }: Place): RuleDraft["protocol"] {
  const number = parseProtocol(word.text)
  if (typeof number !== "number") {
    report.add("error", number, word)
    return undefined
  }
  if (number === 0) {
    if (negated) report.error("xt-negation", "no packet has no protocol", word)
    return undefined
  }
  if (family === 6 && !negated && [0, 43, 44, 51, 60].includes(number))
    report.warning(
      "xt-bad-value",
      `-p ${word.text} never matches: it is an extension header, which is stepped over`,
      word,
      "-m ipv6header, frag, rt, dst, hbh or ah",
    )
  return { number, negated }
}
