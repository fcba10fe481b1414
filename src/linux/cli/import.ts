import { writeFileSync } from "node:fs"
import { dirname, isAbsolute, join } from "node:path"
import { type Diagnostic, hasErrors, type Problem } from "../../core/base/diagnostic.js"
import { didYouMean } from "../../core/base/nearest.js"
import { type DialectName, dialectNames, dialects } from "../../core/dialect/dialects.js"
import { printDraft } from "../../core/dialect/draft.js"
import type { DialectFile, Imported } from "../../core/dialect/imported.js"
import { loadPolicy } from "../../core/policy/load.js"
import { reasonOf } from "../capture/reason.js"
import { gatherFacts } from "../host/facts.js"
import { type Command, type ExitStatus, exit, jsonOption } from "./command.js"
import { importJson, importText, isLostProtection } from "./import-report.js"
import type { Io } from "./output.js"
import { fileEnvironment } from "./policy-file.js"
import { prove } from "./prove.js"
import { type PathOptions, pathOptions } from "./replay-options.js"
import { type NamedText, readFile, readNamed } from "./rule-files.js"

interface Options extends PathOptions {
  readonly output?: string
  readonly exact?: boolean
  readonly json?: boolean
  readonly all?: boolean
  readonly prove?: readonly string[]
}

const wayOptions = pathOptions.filter(({ flags }) => /^--(?:interface|local|sysctl) /.test(flags))

export const command: Command<Options> = {
  operands: "<dialect> <file...>",
  description:
    "Turns another tool's configuration into a policy, and says of every line what its tool really does with it, what Floodwall will do, and why they differ. " +
    `DIALECT is ${dialectNames.slice(0, -1).join(", ")} or ${dialectNames.at(-1)}. Nothing is executed, loaded or changed; - is standard input.\n\n` +
    "Where a tool does otherwise than its manual says, the policy does what the manual says, unless that would newly harm honest traffic. " +
    "The report says of each item whether the policy does the same, is stricter or looser, whether a protection is lost, or whether it is none of Floodwall's business. " +
    "The policy goes to standard output, and the report then to standard error; with --output the policy goes to a file, and the report to standard output.",
  options: [
    { flags: "-o, --output <policy>", text: "write the policy to this file" },
    { flags: "--exact", text: "the policy does what the tool really does, where its manual says otherwise" },
    {
      flags: "--all",
      text: "of the report: every item in full; left out, some twenty lines, the most important first",
    },
    {
      flags: "--prove <capture>",
      text: "send a capture through the tool's own rules and through the policy, and tell which packets differ and why; may be given several times",
      many: true,
    },
    ...wayOptions,
    {
      ...jsonOption,
      text:
        "print the report for programs, on standard output: a line of JSON for each item (file, line, text, owner, owner_does, becomes, relation, diagnostics); " +
        "the policy is then written only with --output",
    },
  ],
  exitZero: "every line that protects was carried over",
  exitOne: "a line that protects was not carried over; the report names it",
  examples: [
    {
      line: "floodwall import csf /etc/csf/csf.conf -o floodwall.yaml",
      text: "CSF's settings as a policy, and what becomes of each",
    },
    {
      line: "floodwall import kura snapshot_0.xml > floodwall.yaml",
      text: "the report is on standard error",
    },
    {
      line: "floodwall import kesl ntp.ini --exact -o floodwall.yaml",
      text: "to the letter, with what does not work as promised",
    },
    {
      line: "iptables-save | floodwall import iptables - --prove monday.pcap -o floodwall.yaml",
      text: "this host's rules as a policy, and which packets of Monday would fare otherwise",
    },
  ],
  run,
}

async function run([word = "", ...paths]: readonly string[], options: Options, io: Io): Promise<ExitStatus> {
  if (!isDialect(word)) {
    const hint = didYouMean(word, dialectNames) ?? `it is one of ${dialectNames.join(", ")}`
    return io.wrong("bad-command-line", `"${word}" is not a dialect that can be read`, hint)
  }
  if ([...paths, ...(options.prove ?? [])].filter((path) => path === "-").length > 1)
    return io.wrong("bad-command-line", "standard input can be read only once", "see floodwall import --help")
  const { output } = options
  if (output !== undefined && paths.includes(output))
    return io.wrong("bad-command-line", `${output} is read, so it cannot be written`, "-o names another file")
  const files: NamedText[] = []
  for (const path of paths) {
    const file = readNamed(path, io)
    if (file === undefined) return exit.wrong
    files.push(file)
  }
  const { title, tool, read } = dialects[word]
  const imported = read(files, { exact: options.exact ?? false, read: readBeside })
  io.report(imported.diagnostics)
  // Nothing in it is of that tool: there is nothing to report.
  if (hasErrors(imported.diagnostics) && imported.items.every(({ relation }) => relation === "not-ours"))
    return exit.wrong

  const policy = printDraft(
    imported.policy,
    imported.items,
    `Floodwall's policy, from ${files.map(({ path }) => path).join(" and ")} (${title}).`,
  )
  const problems = problemsOf(policy, output ?? "policy")
  if (output !== undefined && output !== "-") {
    try {
      writeFileSync(output, policy)
    } catch (error) {
      return io.wrong("unwritable-file", `${output} cannot be written: ${reasonOf(error)}`)
    }
  } else if (!options.json) io.write(policy)
  const isPrinted = options.json || (output !== undefined && output !== "-")
  if (options.json) importJson(imported, io)
  else tellPeople(imported, tool, options, isPrinted, io)
  io.report(problems)
  const lost = imported.items.some(isLostProtection)
  if (options.prove !== undefined) {
    const isProved = await prove(imported, policy, { title: tool, options, onOutput: isPrinted }, io)
    if (!isProved) return exit.wrong
  }
  return lost || hasErrors(problems) ? exit.no : exit.done
}

function tellPeople(imported: Imported, tool: string, { all }: Options, isPrinted: boolean, io: Io): void {
  const text = importText(imported, {
    all: all ?? false,
    tool,
    style: isPrinted ? io.style : io.noteStyle,
    width: isPrinted ? io.lineWidth : io.terminal.error ? io.columns : Number.POSITIVE_INFINITY,
  })
  if (isPrinted) io.print(text)
  else io.note(text)
}

function isDialect(word: string): word is DialectName {
  return Object.hasOwn(dialects, word)
}

/** What is printed is loaded like any other policy: what it asks for and this host has not (a list's file, say) is told. */
function problemsOf(text: string, path: string): readonly Diagnostic[] {
  const facts = gatherFacts()
  const host = facts.defaultInterfaces.length > 0 ? facts : { ...facts, defaultInterfaces: ["eth0"] }
  const { diagnostics } = loadPolicy({ path, text }, fileEnvironment(host))
  return diagnostics.filter(({ severity }) => severity === "error")
}

/** A file that a configuration names: as it stands there, or beside the file that names it. */
function readBeside(path: string, from: string): DialectFile | Problem {
  const places = isAbsolute(path) ? [path] : [join(dirname(from), path), path]
  let problem = "no such file"
  for (const place of places) {
    const read = readFile(place)
    if ("text" in read) return { path: place, text: read.text }
    problem = read.problem
  }
  return { id: "unreadable-file", message: `${path} cannot be read: ${problem}` }
}
