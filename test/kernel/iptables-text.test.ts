import { describe, expect, test } from "vitest"
import { readIptables } from "../../src/core/backend/iptables/read.js"
import { renderIptables } from "../../src/core/backend/iptables/render.js"
import { hasErrors } from "../../src/core/base/diagnostic.js"
import { createNamespace, type NetworkNamespace } from "../../src/linux/host/namespace/namespace.js"
import { type RuleGroup, ruleGroups } from "./support/iptables-rules.js"
import { needsKernel, skipWithout } from "./support/kernel-test.js"

/** iptables 1.8.9 forgets the first two and takes the others' options for their values; 1.8.11 has them right. */
const newer = new Set([
  "! -i +",
  "-p tcp -m tcp ! --sport :",
  "-ptcp -s1.2.3.4 -ieth0 -jACCEPT",
  "--protocol=tcp --source=1.2.3.4 --jump=ACCEPT",
])

describe.each(ruleGroups)("IPv$family, $table, $chain", (group) => {
  test("rules are read and printed, or refused, as iptables does it", (context) => {
    needsKernel(context)
    const namespace = createNamespace()
    try {
      const said = namespace.run(programOf(group, "restore"), ["--version"], { fails: "allowed" })
      if (said.status !== 0) skipWithout(context, `${programOf(group, "restore")} is not installed`)
      const rules = group.rules.trim().split("\n")
      const ours = rules.map((rule) => read(group, rule))
      const taken = rules.filter((rule, index) => ours[index] !== REFUSED && !newer.has(rule))
      // One file of all that should load; where it does not, each rule tells by itself.
      const together = load(namespace, group, taken).split("\n")
      const theirs = new Map(
        together.length === taken.length ? taken.map((rule, index) => [rule, together[index]!]) : [],
      )
      const differences = rules.flatMap((rule, index) => {
        const kernel = newer.has(rule) ? ours[index] : (theirs.get(rule) ?? load(namespace, group, [rule]))
        return ours[index] === kernel ? [] : [{ rule, ours: ours[index], kernel }]
      })
      expect(differences).toEqual([])
      expect(rules.length).toBeGreaterThan(5)
    } finally {
      namespace.close()
    }
  })
})

const REFUSED = "(refused)"

function programOf({ family }: RuleGroup, what: "restore" | "save"): string {
  return `${family === 4 ? "iptables" : "ip6tables"}-legacy-${what}`
}

function textOf({ table, chain }: RuleGroup, rules: readonly string[]): string {
  return `*${table}\n${rules.map((rule) => `-A ${chain} ${rule}\n`).join("")}COMMIT\n`
}

function rulesIn(text: string): string {
  return text
    .split("\n")
    .filter((line) => line.startsWith("-A"))
    .join("\n")
}

function read(group: RuleGroup, rule: string): string {
  const { ruleset, diagnostics } = readIptables({ path: "rules", text: textOf(group, [rule]) }, group.family)
  return hasErrors(diagnostics) ? REFUSED : rulesIn(renderIptables(ruleset, group.family).text)
}

function load(namespace: NetworkNamespace, group: RuleGroup, rules: readonly string[]): string {
  const { status } = namespace.run(programOf(group, "restore"), [], {
    input: textOf(group, rules),
    fails: "allowed",
  })
  if (status !== 0) return REFUSED
  return rulesIn(namespace.run(programOf(group, "save"), ["-t", group.table]).stdout)
}

/** Whole files: a table's lines, and rules that change others. Chains of the user's in the order in which iptables-legacy-save prints them. */
const files: readonly string[] = [
  "*filter\n:INPUT DROP [0:0]\n:a - [0:0]\n:b - [0:0]\n[5:6] -A INPUT -j a\n-A a -g b\n-A b -j RETURN\nCOMMIT\n",
  "# comment\n\n*filter\n  -A INPUT -j DROP\n-4 -A INPUT -i a\n-6 -A INPUT -i b\nCOMMIT\n",
  "*filter\n-N a\n-A a -j RETURN\n-I INPUT -j a\n-P INPUT DROP\nCOMMIT\n",
  "*filter\n-A INPUT -s 1.1.1.1,2.2.2.2 -j ACCEPT\n-I INPUT -s 3.3.3.3,4.4.4.4\n-I INPUT 2 -j DROP\n-D INPUT 1\n-R INPUT 1 -j RETURN\nCOMMIT\n",
  "*filter\n-A INPUT -p tcp --dport 22 -j ACCEPT\n-D INPUT -p tcp -m tcp --dport ssh\nCOMMIT\n",
  "*filter\n-A INPUT -j ACCEPT\n-A INPUT -j DROP\n-D INPUT -j ACCEPT\nCOMMIT\n",
  "*filter\n:a - [0:0]\n-A INPUT -j a\n-E a z\nCOMMIT\n",
  "*filter\n:a - [0:0]\n-A a -j DROP\n-F a\n-X a\nCOMMIT\n",
  "*filter\n:a - [0:0]\n-A INPUT -j a\n-X a\nCOMMIT\n",
  "*filter\n:a - [0:0]\n-A a -j DROP\n-X a\nCOMMIT\n",
  "*filter\n-A a -j ACCEPT\nCOMMIT\n",
  "*filter\n-A INPUT -j a\n:a - [0:0]\nCOMMIT\n",
  "*filter\n:a ACCEPT [0:0]\nCOMMIT\n",
  "*filter\n:INPUT - [0:0]\nCOMMIT\n",
  "*filter\n:INPUT REJECT [0:0]\nCOMMIT\n",
  "*filter\n:a - [0:0]\n-N a\nCOMMIT\n",
  "*filter\n:a - [0:0]\n-A a -j a\nCOMMIT\n",
  "*filter\n:a - [0:0]\n:b - [0:0]\n-A INPUT -j a\n-A a -j b\n-A b -j a\nCOMMIT\n",
  "*filter\n:a - [0:0]\n:b - [0:0]\n-A INPUT -j a\n-A a -j b\n-A INPUT -j b\n-A FORWARD -j b\nCOMMIT\n",
  "*filter\n-A INPUT -j ACCEPT\n",
  "*nosuch\nCOMMIT\n",
  "*filter\niptables -A INPUT -j ACCEPT\nCOMMIT\n",
  "*filter\n-t mangle -A INPUT -j ACCEPT\nCOMMIT\n",
  "*filter\n-I INPUT 3 -j ACCEPT\nCOMMIT\n",
  "*filter\n-I INPUT 0 -j ACCEPT\nCOMMIT\n",
  "*filter\n-D INPUT 1\nCOMMIT\n",
  "*filter\n-A INPUT -j ACCEPT # why\nCOMMIT\n",
  " # why\n*filter\n # why\nCOMMIT\n",
  "*filter\n:abcdefghijklmnopqrstuvwxyzabcd - [0:0]\nCOMMIT\n",
  "*filter\n:a!b - [0:0]\n-A INPUT -j a!b\nCOMMIT\n",
  "*filter\nCOMMIT\n*filter\n-A INPUT -j ACCEPT\nCOMMIT\n",
  "*filter\n*nat\nCOMMIT\n",
  "*filter\n:a - [0:0]\n-A a -m owner --uid-owner 0\n-A OUTPUT -j a\nCOMMIT\n",
  "*filter\n:a - [0:0]\n-A a -m owner --uid-owner 0\n-A INPUT -j a\nCOMMIT\n",
  "*filter\n:a - [0:0]\n-A a -m owner --uid-owner 0\nCOMMIT\n",
  '*filter\n-A INPUT -m comment --comment "a\\"b" -j ACCEPT\nCOMMIT\n',
  "*filter\n-A INPUT -m comment --comment 'a b' -j ACCEPT\nCOMMIT\n",
  '*filter\n-A INPUT -p tcp "-j" ACCEPT\nCOMMIT\n',
  "*filter\n-A INPUT -p tcp !\nCOMMIT\n",
  "*filter\n-A INPUT ! ! -p tcp\nCOMMIT\n",
  "*filter\n[1:2]-A INPUT -j DROP\nCOMMIT\n",
  "*filter\n[1:x] -A INPUT -j DROP\nCOMMIT\n",
  "-A INPUT -j DROP\n",
  "*filter\n-A INPUT -j DROP\nCOMMIT\n-A INPUT -j ACCEPT\n",
  "*filter\n-A INPUT -A FORWARD -j DROP\nCOMMIT\n",
  "*filter\n-j DROP\nCOMMIT\n",
  "*filter\n-P INPUT QUEUE\nCOMMIT\n",
  "*nat\n:PREROUTING DROP [0:0]\nCOMMIT\n",
  "*raw\n:INPUT ACCEPT [0:0]\nCOMMIT\n",
]

test("files are taken or refused, and become the same rules, as with iptables-restore", (context) => {
  needsKernel(context)
  const differences = files.flatMap((text) => {
    const namespace = createNamespace()
    try {
      const { status } = namespace.run("iptables-legacy-restore", [], { input: text, fails: "allowed" })
      const table = /^\*(\w+)/m.exec(text)?.[1] ?? "filter"
      const kernel =
        status === 0 ? linesIn(namespace.run("iptables-legacy-save", ["-t", table]).stdout) : REFUSED
      const { ruleset, diagnostics } = readIptables({ path: "rules", text }, 4)
      const ours = hasErrors(diagnostics) ? REFUSED : linesIn(renderIptables(ruleset, 4).text)
      return kernel === ours ? [] : [{ text, ours, kernel }]
    } finally {
      namespace.close()
    }
  })
  expect(differences).toEqual([])
})

/** Without comments and counters. */
function linesIn(text: string): string {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  return lines.map((line) => line.replace(/ \[\d+:\d+\]$/, "")).join("\n")
}
