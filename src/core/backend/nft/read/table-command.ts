import { didYouMean } from "../../../base/nearest.js"
import type { Table } from "../../../ruleset/ruleset.js"
import type { Elaboration } from "./elaboration.js"
import { newTable, type TableModel } from "./model.js"
import type { Syntax } from "./syntax.js"
import { entry, listOf, numberOf, stringOf, wordOf } from "./tree.js"
import { quotedWord } from "./values.js"

/** Commands that make, empty and delete tables. */

const families: readonly Table["family"][] = ["inet", "ip", "ip6", "netdev", "arp", "bridge"]

export function flushRuleset(elaboration: Elaboration, value: Syntax): void {
  const family = wordOf(entry(value, "family"))
  for (const [key, table] of elaboration.model.tables)
    if (family === undefined || table.family === family) elaboration.model.tables.delete(key)
}

export function tableCommand(elaboration: Elaboration, verb: string, value: Syntax): void {
  const family = familyOf(elaboration, entry(value, "family"), value)
  const name = wordOf(entry(value, "name"))
  const handle = numberOf(entry(value, "handle"))
  if (family === undefined) return
  if (name === undefined) {
    const found = [...elaboration.model.tables].find(
      ([, table]) => table.family === family && table.handle === handle,
    )
    if (found && verb !== "flush") elaboration.model.tables.delete(found[0])
    else elaboration.assume("there is no table of this handle in what was read: nothing is done", value)
    return
  }
  const key = `${family} ${name}`
  const known = elaboration.model.tables.get(key)
  if (verb === "delete" || verb === "destroy" || verb === "flush") {
    if (!known) {
      if (verb !== "destroy")
        elaboration.assume(`there is no table ${family} ${name} in what was read: nothing is done`, value)
    } else if (verb === "flush") for (const chain of known.chains.values()) chain.rules = []
    else elaboration.model.tables.delete(key)
    return
  }
  if (verb === "create" && known)
    elaboration.report("nft-already-there", `the table ${family} ${name} is there already`, value)
  const table = known ?? newTable(family, name, handle)
  if (!known) elaboration.model.tables.set(key, table)
  const flags = listOf(entry(value, "flags")).flatMap((flag) => {
    const word = stringOf(flag)
    if (word === "dormant" || word === "owner" || word === "persist") return [word] as const
    elaboration.report("nft-bad-value", `${quotedWord(flag)} is no flag of a table`, flag)
    return []
  })
  if (flags.length > 0) table.flags = flags
  table.comment = wordOf(entry(value, "comment")) ?? table.comment
}

function familyOf(
  elaboration: Elaboration,
  syntax: Syntax | undefined,
  at: Syntax,
): Table["family"] | undefined {
  const word = syntax ? wordOf(syntax) : "ip"
  const family = families.find((each) => each === word)
  if (family === undefined)
    elaboration.report(
      "nft-bad-value",
      `${quotedWord(syntax)} is no family`,
      syntax ?? at,
      didYouMean(word ?? "", families),
    )
  return family
}

/** The table that a command is about. Undefined: it was reported. */
export function tableNamed(elaboration: Elaboration, value: Syntax, verb: string): TableModel | undefined {
  const family = familyOf(elaboration, entry(value, "family"), value)
  if (family === undefined) return undefined
  const at = entry(value, "table") ?? value
  const name = wordOf(entry(value, "table"))
  const table = name === undefined ? undefined : elaboration.model.table(family, name)
  if (table) return table
  if (name === undefined) elaboration.report("nft-json-syntax", "a table is missing", at)
  else if (verb === "delete" || verb === "destroy" || verb === "flush") {
    if (verb !== "destroy")
      elaboration.assume(`there is no table ${family} ${name} in what was read: nothing is done`, at)
  } else {
    const names = [...elaboration.model.tables.values()].map((each) => each.name)
    elaboration.report("nft-not-there", `there is no table ${family} ${name}`, at, didYouMean(name, names))
  }
  return undefined
}
