import { readCommand } from "./command.js"
import { readIpset } from "./ipset.js"
import { isTable } from "./places.js"
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
  for (const command of shellCommands(text)) readShellCommand(command, rules)
}

function readShellCommand({ words, unknown, unclosed }: ShellCommand, rules: Rules): void {
  const { report, family } = rules
  const [program, ...rest] = withoutSudo(words)
  if (!program) return
  if (unclosed) {
    report.error("xt-quote", "a quote has no end", unclosed)
    return
  }
  const name = program.text.slice(program.text.lastIndexOf("/") + 1)
  const version = programs[name]
  if (name === "ipset") {
    readIpset(rest, rules, program)
    return
  }
  // `ipset save` prints its lines without the program.
  if ((name === "create" || name === "add") && rest.length > 1) {
    readIpset([program, ...rest], rules, program)
    return
  }
  if (version === undefined) {
    if (!harmless.has(name))
      report.warning("xt-not-read", `${name}: a line of shell that is not read`, program)
    return
  }
  if (version !== family) return
  if (unknown !== undefined) {
    report.warning(
      "xt-not-read",
      `what ${unknown} stands for is not known here, and the rule is not read`,
      program,
    )
    return
  }
  readIptables(program, rest, rules)
}

function readIptables(program: Word, words: readonly Word[], rules: Rules): void {
  const { report, family } = rules
  const asked = tableOf(words)
  if (asked && !isTable(asked.text)) {
    report.error("xt-table", `there is no table ${asked.text}: raw, mangle, nat, filter, security`, asked)
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
