import type { Diagnostic } from "../../../base/diagnostic.js"
import type { Ruleset } from "../../../ruleset/ruleset.js"
import { chainCommand } from "./chain-command.js"
import { Elaboration } from "./elaboration.js"
import { checkTargets } from "./jump-targets.js"
import { tableOf } from "./model.js"
import { flowtableCommand, objectCommand } from "./object-command.js"
import { declaredKinds } from "./object-declaration.js"
import { ruleCommand } from "./rule-command.js"
import { elementCommand, setCommand } from "./set-command.js"
import type { Syntax } from "./syntax.js"
import { flushRuleset, tableCommand, tableNamed } from "./table-command.js"
import { entry, single } from "./tree.js"

const verbs = new Set([
  "add",
  "create",
  "insert",
  "replace",
  "delete",
  "destroy",
  "flush",
  "reset",
  "list",
  "rename",
])

/** Listings say so; nothing of it is a rule. */
const silent = new Set(["metainfo", "list", "ruleset"])

/** Runs the commands, and says what stands at the end. `isListing`: JSON, in which nft forgets which sets are dynamic. */
export function elaborate(
  commands: readonly Syntax[],
  isListing: boolean,
): { readonly ruleset: Ruleset; readonly diagnostics: readonly Diagnostic[] } {
  const elaboration = new Elaboration(isListing)
  for (const command of commands) runCommand(elaboration, command)
  const tables = [...elaboration.model.tables.values()].map(tableOf)
  for (const table of tables) checkTargets(table, elaboration.diagnostics)
  return { ruleset: { tables }, diagnostics: elaboration.diagnostics }
}

function runCommand(elaboration: Elaboration, command: Syntax): void {
  const [word, inner] = single(command) ?? []
  if (word === undefined || inner === undefined) {
    elaboration.report("nft-json-syntax", "a command is an object with one entry", command)
    return
  }
  // A listing has the objects themselves, which is what `add` takes.
  if (silent.has(word)) return
  if (!verbs.has(word)) {
    runOn(elaboration, "add", word, inner, command)
    return
  }
  const [kind, value] = single(inner) ?? []
  if (kind === undefined || value === undefined)
    elaboration.report("nft-json-syntax", `${word} names one thing`, inner)
  else runOn(elaboration, word, kind, value, command)
}

function runOn(elaboration: Elaboration, verb: string, kind: string, value: Syntax, at: Syntax): void {
  if (verb === "list" || verb === "reset") return
  if (kind === "ruleset") {
    if (verb === "flush") flushRuleset(elaboration, value)
    return
  }
  if (kind === "table") {
    tableCommand(elaboration, verb, value)
    return
  }
  const table = tableNamed(elaboration, value, verb)
  if (!table) return
  switch (kind) {
    case "chain":
      chainCommand(elaboration, verb, table, value)
      return
    case "rule":
      ruleCommand(elaboration, verb, table, value)
      return
    case "set":
    case "map":
    case "meter":
      setCommand(elaboration, verb, table, value, kind === "map" || entry(value, "map") !== undefined)
      return
    case "element":
      elementCommand(elaboration, verb, table, value)
      return
    case "flowtable":
      flowtableCommand(elaboration, verb, table, value)
      return
  }
  const object = declaredKinds.find((each) => each === kind)
  if (object) objectCommand(elaboration, verb, table, object, value)
  else elaboration.report("nft-json-syntax", `"${kind}" is nothing that a table holds`, at)
}
