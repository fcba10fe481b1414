import { renderRules } from "../../core/backend/formats.js"
import { type Diagnostic, hasErrors } from "../../core/base/diagnostic.js"
import { checkRuleset } from "../../core/ruleset/check.js"
import type { Ruleset } from "../../core/ruleset/ruleset.js"
import { type ExitStatus, exit } from "./command.js"
import type { Io } from "./output.js"
import { type OpenedFile, openRules } from "./rule-files.js"
import type { RuleOptions } from "./rule-options.js"
import { foundText, plural } from "./text.js"

interface Options extends RuleOptions {
  readonly strict?: boolean
  readonly print?: boolean
  readonly json?: boolean
}

/** `check --rules`: what the tool that the rules are for would refuse, and what it takes and hardly anybody means. */
export function checkRules(options: Options, io: Io): ExitStatus {
  const opened = openRules(options.rules ?? [], options.format ?? [], options.include ?? [], io)
  if (opened === undefined) return exit.wrong
  const { files, name } = opened
  const read = opened.diagnostics
  // Rules with mistakes are not all there: what the others are together says nothing.
  const lints = hasErrors(read) ? [] : files.flatMap(problemsOf)
  const diagnostics = [...read, ...lints]
  const has = (severity: Diagnostic["severity"]) => diagnostics.some((each) => each.severity === severity)
  const status = hasErrors(diagnostics) ? exit.wrong : options.strict && has("lint") ? exit.no : exit.done
  const written = options.print && !hasErrors(diagnostics) ? files.map(printed) : []
  if (options.json) {
    const told = files.map(({ path, format }) => ({ path, format }))
    const texts = options.print ? { text: written.join("") } : {}
    io.json({ rules: told, ok: status === exit.done, diagnostics, ...texts })
    return status
  }
  io.report(diagnostics)
  if (hasErrors(diagnostics)) {
    const mistakes = diagnostics.filter(({ severity }) => severity === "error").length
    io.note(`${name}: ${plural(mistakes, "mistake")}; nothing of it would be loaded`)
  } else if (options.print) io.write(written.join(""))
  else for (const file of files) io.print(`${fineText(file, io)}${foundText(ofFile(diagnostics, file.path))}`)
  return status
}

/** What only shows in the rules together. What nft has no words for is no fault of rules that iptables loads, and a set without a size has the kernel's. */
function problemsOf({ format, ruleset }: OpenedFile): readonly Diagnostic[] {
  const found = checkRuleset(ruleset).filter(({ id }) => id !== "dynamic-set-without-size")
  if (format === "nft" || format === "nft-json") return found
  return found.filter(({ id }) => id !== "nft-cannot-say" && id !== "bad-nft-name")
}

/** The normal form: nft's text for what nft reads, save text for iptables. */
function printed({ format, ruleset }: OpenedFile): string {
  return renderRules(ruleset, format === "nft-json" ? "nft" : format).text
}

function ofFile(diagnostics: readonly Diagnostic[], path: string): readonly Diagnostic[] {
  return diagnostics.filter(({ span }) => span === undefined || span.file === path)
}

/** `rules.v4: fine (iptables: 2 tables, 5 chains, 12 rules)`. */
function fineText({ path, format, ruleset }: OpenedFile, { style }: Io): string {
  const { tables, chains, rules } = sizeOf(ruleset)
  const sizes = [plural(tables, "table"), plural(chains, "chain"), plural(rules, "rule")]
  return `${path}: ${style.good("fine")} (${format}: ${sizes.join(", ")})`
}

function sizeOf({ tables }: Ruleset) {
  const chains = tables.flatMap((table) => table.chains)
  return { tables: tables.length, chains: chains.length, rules: chains.flatMap(({ rules }) => rules).length }
}
