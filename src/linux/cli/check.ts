import { renderNft } from "../../core/backend/nft/render.js"
import { type Diagnostic, hasErrors, type Severity } from "../../core/base/diagnostic.js"
import { compilePolicy } from "../../core/policy/compile.js"
import { lintPolicy } from "../../core/policy/lint.js"
import type { HostFacts, Policy } from "../../core/policy/policy.js"
import { printPolicy } from "../../core/policy/print.js"
import { checkRuleset } from "../../core/ruleset/check.js"
import { findSessions } from "../host/sessions.js"
import { checkRules } from "./check-rules.js"
import { type Command, type ExitStatus, exit, jsonOption } from "./command.js"
import { openPolicy } from "./open-policy.js"
import type { Io } from "./output.js"
import { policyWords } from "./policy-file.js"
import { type RuleOptions, ruleConflict, ruleOptions } from "./rule-options.js"
import { foundText, plural } from "./text.js"

interface Options extends RuleOptions {
  readonly strict?: boolean
  readonly print?: boolean
  readonly json?: boolean
}

export const command: Command<Options> = {
  operands: "[policy]",
  description:
    "Reads a policy with all that it includes and tells every mistake at once: file, line, column, and the nearest valid word. " +
    "Then it tells what is allowed and hardly meant: rules that can never match, limits that starve, protections that harm " +
    `honest traffic (lints). ${policyWords}\n\n` +
    "With --rules it reads somebody's iptables or nft rules instead: what iptables-restore or nft would refuse, and as lints rules that nothing " +
    "reaches, and conntrack asked before it has looked.",
  options: [
    ...ruleOptions,
    { flags: "--strict", text: "lints are exit 1" },
    {
      flags: "--print",
      text:
        "print the policy as it is in force: includes merged, presets and defaults written out, each with its file and line; " +
        "with --rules, the rules in their normal form, as the tool itself lists them",
    },
    jsonOption,
  ],
  exitOne: "with --strict: there are lints",
  examples: [
    { line: "floodwall check", text: "the policy in this directory, or the host's" },
    { line: "floodwall check --strict new.yaml", text: "for a pipeline: anything to tell is a failure" },
    {
      line: "floodwall init | floodwall check --print -",
      text: "what the proposed policy would do, in full",
    },
    { line: "iptables-save | floodwall check --rules -", text: "what this host's rules do not do" },
  ],
  async run([named], options, io: Io): Promise<ExitStatus> {
    const conflict = ruleConflict(options, named)
    if (conflict !== undefined) return io.wrong("bad-command-line", conflict, "see floodwall check --help")
    if (options.rules !== undefined) return checkRules(options, io)
    const opened = openPolicy(named, io)
    if (opened === undefined) return exit.wrong
    const { path, policy } = opened
    const sessions = findSessions(io.environment).map(({ remote, local }) => ({
      from: remote.address,
      port: local.port,
    }))
    const host = opened.host.sessions === undefined ? opened.host : { ...opened.host, sessions }
    const diagnostics = [
      ...opened.diagnostics,
      ...(policy ? [...lintPolicy(policy, host), ...problemsOfRules(policy, host)] : []),
    ]
    const has = (severity: Severity) => diagnostics.some((diagnostic) => diagnostic.severity === severity)
    const status = hasErrors(diagnostics) ? exit.wrong : options.strict && has("lint") ? exit.no : exit.done
    if (options.json) {
      io.json({ policy: path, ok: status === exit.done, files: policy?.files ?? [path], diagnostics })
      return status
    }
    io.report(diagnostics)
    if (options.print && policy) io.write(printPolicy(policy))
    else if (policy) io.print(`${path}: ${io.style.good("fine")}${foundText(diagnostics)}`)
    else
      io.note(
        `${path}: ${plural(diagnostics.filter(({ severity }) => severity === "error").length, "mistake")}; nothing of it would be loaded`,
      )
    return status
  },
}

/** What only shows in the rules that the policy becomes. */
function problemsOfRules(policy: Policy, host: HostFacts): readonly Diagnostic[] {
  const { ruleset, diagnostics } = compilePolicy(policy, host)
  return [...diagnostics, ...checkRuleset(ruleset), ...renderNft(ruleset).diagnostics]
}
