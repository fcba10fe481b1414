import type { ObjectKind } from "../../../ruleset/object.js"
import type { Elaboration } from "./elaboration.js"
import { objectKey, type TableModel } from "./model.js"
import { elaborateFlowtable, elaborateObject } from "./object-declaration.js"
import type { Syntax } from "./syntax.js"

/** Commands that make and delete named objects and flowtables. */

export function objectCommand(
  elaboration: Elaboration,
  verb: string,
  table: TableModel,
  kind: ObjectKind,
  value: Syntax,
): void {
  const name = elaboration.nameIn(value, kind)
  if (name === undefined) return
  const key = objectKey(kind, name)
  if (elaboration.remove(verb, table.objects, key, `${kind} ${name}`, value)) return
  if (verb === "create" && table.objects.has(key))
    elaboration.report("nft-already-there", `the ${kind} ${name} is there already`, value)
  const made = elaborateObject(kind, name, value, elaboration.contextOf(table))
  if (made) table.objects.set(key, made)
}

export function flowtableCommand(
  elaboration: Elaboration,
  verb: string,
  table: TableModel,
  value: Syntax,
): void {
  const name = elaboration.nameIn(value, "flowtable")
  if (name === undefined) return
  if (elaboration.remove(verb, table.flowtables, name, `flowtable ${name}`, value)) return
  table.flowtables.set(name, elaborateFlowtable(name, value, elaboration.contextOf(table)))
}
