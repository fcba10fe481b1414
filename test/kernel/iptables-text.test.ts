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
      const differences = rules.flatMap((rule) => {
        const [ours, theirs] = [read(group, rule), load(namespace, group, rule)]
        return ours === theirs || newer.has(rule) ? [] : [{ rule, ours, theirs }]
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

function textOf({ table, chain }: RuleGroup, rule: string): string {
  return `*${table}\n-A ${chain} ${rule}\nCOMMIT\n`
}

function rulesIn(text: string): string {
  return text
    .split("\n")
    .filter((line) => line.startsWith("-A"))
    .join("\n")
}

function read(group: RuleGroup, rule: string): string {
  const { ruleset, diagnostics } = readIptables({ path: "rules", text: textOf(group, rule) }, group.family)
  return hasErrors(diagnostics) ? REFUSED : rulesIn(renderIptables(ruleset, group.family).text)
}

function load(namespace: NetworkNamespace, group: RuleGroup, rule: string): string {
  const { status } = namespace.run(programOf(group, "restore"), [], {
    input: textOf(group, rule),
    fails: "allowed",
  })
  if (status !== 0) return REFUSED
  return rulesIn(namespace.run(programOf(group, "save"), ["-t", group.table]).stdout)
}
