import { renderNft } from "../../core/backend/nft/render.js"
import { hasErrors } from "../../core/base/diagnostic.js"
import { printRuleset } from "../../core/ruleset/print.js"
import { type Command, type ExitStatus, exit } from "./command.js"
import type { Io } from "./output.js"
import { policyWords } from "./policy-file.js"
import { openPolicySubject } from "./subject.js"

const targets = ["nft", "ruleset"] as const
/** Backends of the design that are not written yet: told as such, not as a word that nobody knows. */
const later: readonly string[] = ["iptables", "ip6tables"]

interface Options {
  readonly to: string
  readonly json?: boolean
}

export const command: Command<Options> = {
  operands: "[policy]",
  description:
    "Prints what a policy becomes. nft: text for nft -f, in the table inet floodwall, each rule with the policy line that it comes " +
    "from. ruleset: the rules with the places that replay and explain name them by. Nothing is loaded: apply does that, and can undo " +
    `it. ${policyWords}`,
  options: [
    {
      flags: "--to <backend>",
      text: "nft or ruleset",
      parse: (text) =>
        [...targets, ...later].includes(text)
          ? { value: text }
          : { wrong: `"${text}" is not a backend: it is one of ${targets.join(", ")}` },
      fallback: "nft",
    },
    { flags: "--json", text: "print for programs: the text of nft, or the ruleset's own data, as JSON" },
  ],
  exitOne: "the backend cannot say something that the policy asks for",
  examples: [
    { line: "floodwall compile", text: "the rules that apply would load" },
    {
      line: "floodwall compile new.yaml | nft -c -f -",
      text: "let this kernel check them, without loading them",
    },
    { line: "floodwall compile --to ruleset", text: "which policy line became which rules" },
  ],
  async run([named], { to, json }, io: Io): Promise<ExitStatus> {
    if (later.includes(to)) {
      io.report([
        {
          id: "backend-missing",
          severity: "error",
          message: `floodwall: ${to} rules cannot be written yet`,
          hint: "--to nft; iptables-nft and nft rules live side by side in one kernel",
        },
      ])
      return exit.no
    }
    const opened = openPolicySubject(named, {}, io)
    if (opened === undefined) return exit.wrong
    if (to === "ruleset") {
      if (json) io.json(opened.ruleset)
      else io.write(printRuleset(opened.ruleset))
      return exit.done
    }
    const { text, diagnostics } = renderNft(opened.ruleset)
    io.report(diagnostics)
    if (json) io.json({ backend: to, text, diagnostics })
    else io.write(text)
    return hasErrors(diagnostics) ? exit.no : exit.done
  },
}
