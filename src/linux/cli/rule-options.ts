import { type RuleFormat, ruleFormats } from "../../core/backend/formats.js"
import { didYouMean } from "../../core/base/nearest.js"
import type { Option } from "./command.js"

/** Which of iptables' two programs loads rules: they do not do quite the same with them. */
export type RuleProgram = "nft" | "legacy"

/** How rules are written, and, of iptables', for which of its programs where that was said. */
export interface ChosenFormat {
  readonly format: RuleFormat
  readonly program?: RuleProgram
}

/** The options of commands that take somebody's rules in place of a policy. */
export interface RuleOptions {
  readonly rules?: readonly string[]
  readonly format?: readonly ChosenFormat[]
  readonly include?: readonly string[]
}

export const ruleOptions: readonly Option[] = [
  {
    flags: "--rules <file>",
    text:
      "somebody's rules in place of a policy: what iptables-save, ip6tables-save, nft list ruleset or nft -j list ruleset printed, " +
      "commands of iptables, or what nft -f reads; - is standard input; give it once for each file (IPv4's and IPv6's, say)",
    many: true,
  },
  {
    flags: "--format <format>",
    text:
      `how the rules are written, where the text does not say it: ${ruleFormats.join(", ")}; once for all files, or once for each. ` +
      "iptables-legacy and ip6tables-legacy, or iptables-nft and ip6tables-nft, say which program loads them: they differ in headers that are cut short and in how -m limit counts",
    parse: parseFormat,
    many: true,
  },
  {
    flags: "-I, --include <folder>",
    text: "where else an include of nft rules is looked for; the current directory, the file's own and /etc always are",
    many: true,
  },
]

const programFormats = ["iptables-legacy", "ip6tables-legacy", "iptables-nft", "ip6tables-nft"]

function parseFormat(text: string): { readonly value: ChosenFormat } | { readonly wrong: string } {
  const word = text.toLowerCase()
  const format = ruleFormats.find((each) => each === word)
  if (format !== undefined) return { value: { format } }
  if (programFormats.includes(word)) {
    const program = word.endsWith("-nft") ? "nft" : "legacy"
    return { value: { format: word.startsWith("ip6") ? "ip6tables" : "iptables", program } }
  }
  const guess = didYouMean(text, [...ruleFormats, ...programFormats])
  return {
    wrong: `"${text}" is not a format: it is one of ${ruleFormats.join(", ")}${guess ? `; ${guess}` : ""}`,
  }
}

/** What cannot be meant about the rules, as a sentence. */
export function ruleConflict(
  { rules, format, include }: RuleOptions,
  policy: string | undefined,
): string | undefined {
  if (rules === undefined) {
    if (format !== undefined) return "--format says how --rules is written, and there is no --rules"
    return include === undefined ? undefined : "--include is for --rules, and there is no --rules"
  }
  if (policy !== undefined)
    return "a policy and --rules exclude each other: the packets go through one of them"
  if (rules.filter((path) => path === "-").length > 1) return "standard input can be read only once"
  if (format !== undefined && format.length > 1 && format.length !== rules.length) {
    return `--format stands once for all files or once for each, not ${format.length} times for ${rules.length}`
  }
  return undefined
}
