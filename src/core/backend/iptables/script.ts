import { didYouMean } from "../../base/nearest.js"
import { readCommand } from "./command.js"
import { readIpset } from "./ipset.js"
import { isTable, tableNames } from "./places.js"
import type { Rules } from "./rules.js"
import { type ShellCommand, shellCommands } from "./shell.js"
import type { Word } from "./words.js"

const programs: Readonly<Record<string, 4 | 6>> = {
  iptables: 4,
  "iptables-legacy": 4,
  "iptables-nft": 4,
  ip6tables: 6,
  "ip6tables-legacy": 6,
  "ip6tables-nft": 6,
}

/**
 * A script of iptables' commands, and of ipset's. Commands of the other IP version are left out; what is neither is told, for it may change what the rules
 * mean (loops, conditions, sysctls) and is not run.
 */
export function readScript(text: string, rules: Rules): void {
  const commands = shellCommands(text)
  const read = commands.filter((command) => readShellCommand(command, rules))
  if (commands.length > 0 && read.length === 0)
    rules.report.error("xt-command", "there is no command of iptables in this text", { line: 1, column: 1 })
}

/** False: it is nothing that concerns rules, of either IP version. */
function readShellCommand({ words, unknown, unclosed }: ShellCommand, rules: Rules): boolean {
  const { report, family } = rules
  const [program, ...rest] = withoutSudo(words)
  if (!program) return false
  if (unclosed) {
    report.error("xt-quote", "a quote has no end", unclosed)
    return false
  }
  const name = program.text.slice(program.text.lastIndexOf("/") + 1)
  const version = programs[name]
  if (name === "ipset") {
    readIpset(rest, rules, program)
    return true
  }
  // `ipset save` prints its lines without the program.
  if ((name === "create" || name === "add") && rest.length > 1) {
    readIpset([program, ...rest], rules, program)
    return true
  }
  if (version === undefined) {
    if (!harmless.has(name))
      report.warning("xt-not-read", `${name}: a line of shell that is not read`, program)
    return false
  }
  if (version !== family) return true
  if (unknown !== undefined) {
    report.warning(
      "xt-not-read",
      `what ${unknown} stands for is not known here, and the rule is not read`,
      program,
    )
    return true
  }
  readIptables(program, rest, rules)
  return true
}

function readIptables(program: Word, words: readonly Word[], rules: Rules): void {
  const { report, family } = rules
  const asked = tableOf(words)
  if (asked && !isTable(asked.text)) {
    report.error(
      "xt-table",
      `there is no table ${asked.text}: ${tableNames.join(", ")}`,
      asked,
      didYouMean(asked.text, tableNames),
    )
    return
  }
  const name = asked && isTable(asked.text) ? asked.text : "filter"
  const table = rules.tableOf(name)
  if (words.length === 0) {
    report.error("xt-command", "there is no command: -A, -I, -D, -N, -P …", program)
    return
  }
  const command = readCommand(words, {
    family,
    table: name,
    hasChain: (chain) => table.has(chain),
    chains: () => table.names(),
    report,
    isRestore: false,
  })
  const text = [program, ...words]
    .map((word) => (word.quoted && /[\s"']/.test(word.text) ? JSON.stringify(word.text) : word.text))
    .join(" ")
  if (command) table.apply(command, rules.originOf(program.line, program.column, text), report)
}

/** The value of `-t`, wherever it stands: what a chain is called in depends on it. */
function tableOf(words: readonly Word[]): Word | undefined {
  for (const [index, word] of words.entries()) {
    if (word.quoted) continue
    if (word.text === "-t" || (word.text.length > 4 && "--table".startsWith(word.text)))
      return words[index + 1]
    const inline = /^(?:--table=|-t)(.+)$/.exec(word.text)
    if (inline && !word.text.startsWith("--t")) return { ...word, text: inline[1]!, column: word.column + 2 }
    if (inline) return { ...word, text: word.text.slice(word.text.indexOf("=") + 1) }
  }
  return undefined
}

function withoutSudo(words: readonly Word[]): readonly Word[] {
  const first = words[0]?.text
  if (first !== "sudo" && first !== "exec" && first !== "command" && first !== "env") return words
  let at = 1
  while (words[at]?.text.startsWith("-") || /^\w+=/.test(words[at]?.text ?? "")) at++
  return words.slice(at)
}

/** Commands that change nothing about packets. */
const harmless = new Set(["echo", "printf", "set", "exit", "true", ":", "export", "logger", "#!/bin/sh"])
