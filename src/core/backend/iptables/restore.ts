import { didYouMean } from "../../base/nearest.js"
import type { XtTable } from "../../ruleset/xtables/extension.js"
import { readCommand } from "./command.js"
import { readIpset } from "./ipset.js"
import { isTable, tableNames } from "./places.js"
import type { Rules } from "./rules.js"
import { splitRestoreLine, type Word } from "./words.js"

/** What iptables-save prints and iptables-restore reads: `*table`, `:CHAIN POLICY [p:b]`, commands, COMMIT. */
export function readRestore(text: string, rules: Rules): void {
  const reader = new RestoreReader(rules)
  const lines = text.split("\n")
  for (const [index, line] of lines.entries())
    reader.line(line.endsWith("\r") ? line.slice(0, -1) : line, index + 1)
  reader.end(lines.length)
}

class RestoreReader {
  private readonly rules: Rules
  private table: XtTable | undefined
  /** In a table that nobody knows, or that is for another program. */
  private isLost = false
  private openedAt = 0

  constructor(rules: Rules) {
    this.rules = rules
  }

  line(text: string, line: number): void {
    const { report } = this.rules
    if (text === "" || text.startsWith("#")) return
    if (/^\s+$/.test(text)) {
      this.rules.report.error("xt-line", "iptables-restore takes empty lines, and none of blanks", {
        line,
        column: 1,
      })
      return
    }
    const first: Word = { text: text.trim(), line, column: text.search(/\S/) + 1, quoted: false }
    if (text.startsWith("*") && !this.isOpen()) {
      // iptables-restore looks at the first word alone.
      this.open({ ...first, text: text.slice(1).trim().split(/\s/)[0]!, column: 2 }, line)
      return
    }
    if (text === "COMMIT" && this.isOpen()) {
      this.table = undefined
      this.isLost = false
      return
    }
    if (this.isLost) return
    if (!this.table && /^(?:create|add)\s/.test(text)) {
      const { words } = splitRestoreLine(text, line)
      readIpset(words, this.rules, first)
      return
    }
    if (!this.table) {
      report.error(
        "xt-line",
        `"${shorten(first.text)}" stands outside of a table`,
        first,
        "*filter begins one",
      )
      return
    }
    if (text.startsWith(":")) {
      this.chain(text, line)
      return
    }
    this.command(text, line, first)
  }

  end(line: number): void {
    if (this.isOpen())
      this.rules.report.error(
        "xt-line",
        "COMMIT is missing: the table is not loaded",
        { line: this.openedAt, column: 1 },
        `it belongs behind line ${line}`,
      )
  }

  private isOpen(): boolean {
    return this.table !== undefined || this.isLost
  }

  private open(word: Word, line: number): void {
    this.openedAt = line
    if (isTable(word.text)) {
      this.table = word.text
      this.rules.tableOf(word.text).empty()
      return
    }
    this.isLost = true
    this.rules.report.error(
      "xt-table",
      `there is no table ${word.text}: ${tableNames.join(", ")}`,
      word,
      didYouMean(word.text, tableNames),
    )
  }

  private chain(text: string, line: number): void {
    const { report } = this.rules
    const { words } = splitRestoreLine(text, line, 1)
    // What stands behind the policy is read for counters, and may be anything.
    const [name, policy] = words
    const table = this.rules.tableOf(this.table!)
    if (!name) {
      report.error("xt-line", "a chain has a name: :INPUT ACCEPT [0:0]", { line, column: 1 })
      return
    }
    if (!policy) {
      report.error("xt-policy", `chain ${name.text} needs a policy, or - for none`, name)
      return
    }
    const isThere = table.named(name.text)
    if (!isThere) table.newChain(name, report, false)
    else if (!isThere.isBuiltIn)
      report.error("duplicate-name", `the table ${table.name} already has a chain ${name.text}`, name)
    if (policy.text !== "-") table.policy(name, policy, report)
  }

  private command(text: string, line: number, first: Word): void {
    const { report, family } = this.rules
    const counters = /^\s*\[[^\]]*\]/.exec(text)
    if (!counters && text.startsWith("[")) {
      report.error("xt-line", "the counters before a rule are written [0:0]", first)
      return
    }
    const { words, unclosed } = splitRestoreLine(text, line, counters ? counters[0].length : 0)
    if (unclosed !== undefined)
      report.warning("xt-quote", "a quote has no end: iptables-restore ends it with the line", {
        line,
        column: unclosed,
      })
    const other = words.find(
      ({ text: word, quoted }) =>
        !quoted && (word === "-4" || word === "-6" || word === "--ipv4" || word === "--ipv6"),
    )
    if (other && other.text.replace(/\D/g, "") !== String(family)) return
    const table = this.rules.tableOf(this.table!)
    const command = readCommand(words, {
      family,
      table: table.name,
      hasChain: (name) => table.has(name),
      chains: () => table.names(),
      report,
      isRestore: true,
    })
    if (command) table.apply(command, this.rules.originOf(line, first.column, text.trim()), report)
  }
}

function shorten(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 39)}…`
}
