import { writeFileSync } from "node:fs"
import { exportKesl, keslIni, keslJson } from "../../core/dialect/kesl/export.js"
import { reasonOf } from "../capture/reason.js"
import { type Command, type ExitStatus, exit } from "./command.js"
import { openPolicy, reportProblems } from "./open-policy.js"
import type { Io } from "./output.js"
import { policyWords } from "./policy-file.js"

interface Options {
  readonly output?: string
  readonly json?: boolean
}

const dialects = ["kesl"]

export const command: Command<Options> = {
  operands: "<dialect> [policy]",
  description:
    "Writes a policy in another tool's settings, as far as these can say it; what they cannot say is told on standard error. DIALECT is kesl: the settings of " +
    `Network Threat Protection, for kesl-control --set-settings 17 --file. ${policyWords}`,
  options: [
    { flags: "-o, --output <file>", text: "write them to this file" },
    { flags: "--json", text: "write them as JSON, for kesl-control --set-settings 17 --file FILE --json" },
  ],
  exitOne: "the policy says something that the settings cannot say",
  examples: [
    {
      line: "floodwall export kesl -o ntp.ini",
      text: "the policy's action, block time and exclusions for KESL",
    },
  ],
  async run([word = "", named], options, io: Io): Promise<ExitStatus> {
    if (!dialects.includes(word))
      return io.wrong("bad-command-line", `"${word}" is not a dialect that is written`, "it is kesl")
    const opened = openPolicy(named, io)
    if (opened === undefined || !reportProblems(opened.diagnostics, io) || !opened.policy) return exit.wrong
    const exported = exportKesl(opened.policy)
    const text = options.json ? keslJson(exported) : keslIni(exported)
    if (options.output === undefined || options.output === "-") io.write(text)
    else {
      try {
        writeFileSync(options.output, text)
      } catch (error) {
        return io.wrong("unwritable-file", `${options.output} cannot be written: ${reasonOf(error)}`)
      }
    }
    io.report(
      exported.unsaid.map((message) => ({
        id: "export-cannot-say",
        severity: "warning",
        message: `${opened.path}: ${message}`,
      })),
    )
    return exported.unsaid.length > 0 ? exit.no : exit.done
  },
}
