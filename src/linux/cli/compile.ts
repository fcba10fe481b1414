import { renderedFormats, renderRules } from "../../core/backend/formats.js"
import { hasErrors } from "../../core/base/diagnostic.js"
import { iptablesFacts } from "../../core/policy/environment.js"
import { printRuleset } from "../../core/ruleset/print.js"
import { type Command, type ExitStatus, exit } from "./command.js"
import type { Io } from "./output.js"
import { policyWords } from "./policy-file.js"
import { type RuleOptions, ruleConflict, ruleOptions } from "./rule-options.js"
import { openSubject } from "./subject.js"

const targets = [...renderedFormats, "ruleset"] as const

type Target = (typeof targets)[number]

interface Options extends RuleOptions {
  readonly to: Target
  readonly sets?: boolean
  readonly json?: boolean
}

export const command: Command<Options> = {
  operands: "[policy]",
  description:
    "Prints what a policy becomes, or with --rules, somebody's rules in another language. nft: text for nft -f; a policy's in the table inet " +
    "floodwall, each rule with the policy line that it comes from. iptables, ip6tables: text for iptables-restore or ip6tables-restore. ruleset: the " +
    `rules with the places that replay and explain name them by. Nothing is loaded: apply does that, and can undo it. ${policyWords}`,
  options: [
    ...ruleOptions,
    {
      flags: "--to <backend>",
      text: `${targets.slice(0, -1).join(", ")} or ${targets.at(-1)}`,
      parse: (text) =>
        (targets as readonly string[]).includes(text)
          ? { value: text }
          : { wrong: `"${text}" is not a backend: it is one of ${targets.join(", ")}` },
      fallback: "nft",
    },
    {
      flags: "--sets",
      text: "with --to iptables or ip6tables: print the sets that the rules ask for, as ipset restore loads them before the rules",
    },
    {
      flags: "--json",
      text: "print for programs: the text of the rules, or the ruleset's own data, as JSON",
    },
  ],
  exitOne: "the backend cannot say something that the policy or the rules ask for",
  examples: [
    { line: "floodwall compile", text: "the rules that apply would load" },
    {
      line: "floodwall compile new.yaml | nft -c -f -",
      text: "let this kernel check them, without loading them",
    },
    {
      line: "floodwall compile --to iptables --sets | ipset restore -exist; floodwall compile --to iptables | iptables-restore --test",
      text: "the policy as iptables' rules, and its sets; let iptables check them",
    },
    { line: "floodwall compile --to ruleset", text: "which policy line became which rules" },
    {
      line: "iptables-save | floodwall compile --rules - --to nft",
      text: "this host's rules as nft has them",
    },
  ],
  async run([named], options, io: Io): Promise<ExitStatus> {
    const { to, json } = options
    const isIptables = to === "iptables" || to === "ip6tables"
    if (options.sets && !isIptables)
      return io.wrong("bad-command-line", `--sets is for iptables, and ${to} has sets of its own`)
    const conflict = ruleConflict(options, named)
    if (conflict !== undefined) return io.wrong("bad-command-line", conflict, "see floodwall compile --help")
    const subject = openSubject(
      { ...options, ...(named === undefined ? {} : { policy: named }) },
      io,
      isIptables ? iptablesFacts : undefined,
    )
    if (subject === undefined) return exit.wrong
    if (to === "ruleset") {
      if (json) io.json(subject.ruleset)
      else io.write(printRuleset(subject.ruleset))
      return exit.done
    }
    const { text, ipsets = "", diagnostics } = renderRules(subject.ruleset, to)
    io.report(diagnostics)
    if (json) io.json({ backend: to, text, ...(to === "nft" ? {} : { ipsets }), diagnostics })
    else io.write(options.sets ? ipsets : text)
    if (ipsets !== "" && !options.sets && !json)
      io.note(
        "The rules ask for sets: the same words with --sets print what ipset restore loads before them.",
      )
    return hasErrors(diagnostics) ? exit.no : exit.done
  },
}
