import { didYouMean } from "../../../base/nearest.js"
import type { SetDeclaration, SetElement } from "../../../ruleset/ruleset.js"
import type { Elaboration } from "./elaboration.js"
import { ElementList } from "./element-list.js"
import { overlap } from "./interval.js"
import type { SetModel, TableModel } from "./model.js"
import { clashIn } from "./set-clash.js"
import { elaborateSet } from "./set-declaration.js"
import { elaborateElements } from "./set-element.js"
import type { Syntax } from "./syntax.js"
import { entry, listOf } from "./tree.js"

/** Commands that make, fill, empty and delete sets and maps. */

/** Pairs of elements of a set that are compared, all its commands together; more are left to the kernel. */
const overlapsTried = 1e6

export function setCommand(
  elaboration: Elaboration,
  verb: string,
  table: TableModel,
  value: Syntax,
  isMap: boolean,
): void {
  const what = isMap ? "map" : "set"
  const name = elaboration.nameIn(value, what)
  if (name === undefined) return
  if (elaboration.remove(verb, table.sets, name, `${what} ${name}`, value)) return
  const known = table.sets.get(name)
  if (verb === "flush") {
    if (known) known.elements = new ElementList()
    else elaboration.assume(`there is no ${what} ${name} in what was read: nothing is done`, value)
    return
  }
  const context = elaboration.contextOf(table)
  const elements = listOf(entry(value, "elem"))
  if (known && entry(value, "type") === undefined) {
    addWritten(elaboration, table, known, elements, value)
    return
  }
  const declaration = elaborateSet(value, name, isMap, context)
  if (!declaration) return
  const isIncomplete =
    elaboration.isListing && elements.some(isRangeSyntax) && !declaration.flags.includes("interval")
  const full: SetDeclaration = isIncomplete
    ? { ...declaration, flags: ["interval", ...declaration.flags] }
    : declaration
  if (known) {
    if (verb === "create")
      elaboration.report("nft-already-there", `the ${what} ${name} is there already`, value)
    else if (!isSameSet(known.declaration, full))
      elaboration.report("nft-already-there", `${name} is there already, with other types or flags`, value)
    addWritten(elaboration, table, known, elements, value)
    return
  }
  const made = { declaration: full, elements: new ElementList(), compared: 0, at: value }
  table.sets.set(name, made)
  const first = elaborateElements(elements, full, context)
  checkClash(elaboration, first, full, elements, value)
  made.elements = new ElementList(first)
}

/** Elements for a set that is there. */
function addWritten(
  elaboration: Elaboration,
  table: TableModel,
  set: SetModel,
  written: readonly Syntax[],
  at: Syntax,
): void {
  const { declaration } = set
  const added = elaborateElements(written, declaration, elaboration.contextOf(table))
  checkClash(elaboration, added, declaration, written, at)
  if (declaration.flags.includes("interval") && !declaration.autoMerge)
    checkOverlap(elaboration, set, added, at)
  addElements(set, added)
}

/** Elements that came together may not meet. */
function checkClash(
  elaboration: Elaboration,
  added: readonly SetElement[],
  declaration: SetDeclaration,
  written: readonly Syntax[],
  at: Syntax,
): void {
  const place = clashIn(added, declaration)
  if (place < 0) return
  const hint =
    declaration.data === undefined && declaration.objects === undefined
      ? "auto-merge makes one of elements that meet"
      : undefined
  elaboration.report(
    "nft-already-there",
    `an element of ${declaration.name} reaches into another one`,
    (written.length === added.length ? written[place] : undefined) ?? at,
    hint,
  )
}

export function elementCommand(
  elaboration: Elaboration,
  verb: string,
  table: TableModel,
  value: Syntax,
): void {
  const name = elaboration.nameIn(value, "set")
  const set = name === undefined ? undefined : table.sets.get(name)
  if (!set) {
    if (name !== undefined)
      elaboration.report(
        "nft-not-there",
        `there is no set ${name}`,
        value,
        didYouMean(name, [...table.sets.keys()]),
      )
    return
  }
  const { declaration } = set
  const context = elaboration.contextOf(table)
  const written = listOf(entry(value, "elem"))
  if (verb === "delete" || verb === "destroy") {
    // Values of a map's elements may be left out.
    const keys = written.map((element) =>
      element.kind === "array" ? (element.items[0] ?? element) : element,
    )
    const { data: _data, objects: _objects, ...asSet } = declaration
    const gone = new Set(elaborateElements(keys, asSet, context).map(({ key }) => JSON.stringify(key)))
    const missing = [...gone].filter((key) => !set.elements.delete(key))
    if (verb === "delete" && missing.length > 0)
      elaboration.report("nft-not-there", `an element to be deleted is not in ${declaration.name}`, value)
    return
  }
  addWritten(elaboration, table, set, written, value)
}

/** One by one: there may be more than a call takes arguments. */
function addElements(set: SetModel, added: readonly SetElement[]): void {
  for (const element of added) set.elements.add(element)
}

/** A range may not reach into another; where nft itself merges them, it may. A few new ones against what is there. */
function checkOverlap(
  elaboration: Elaboration,
  set: SetModel,
  added: readonly SetElement[],
  at: Syntax,
): void {
  const { key, name } = set.declaration
  set.compared += set.elements.length * added.length
  if (set.compared > overlapsTried) return
  const known = set.elements.all
  for (const { key: one } of added)
    for (const { key: other } of known)
      if (overlap(one, other, key) && JSON.stringify(one) !== JSON.stringify(other)) {
        elaboration.report("nft-already-there", `an element reaches into one that ${name} has already`, at)
        return
      }
}

function isRangeSyntax(element: Syntax): boolean {
  const key = element.kind === "array" ? element.items[0] : element
  const value = key && (entry(entry(key, "elem"), "val") ?? key)
  return value !== undefined && (entry(value, "range") !== undefined || entry(value, "prefix") !== undefined)
}

function isSameSet(left: SetDeclaration, right: SetDeclaration): boolean {
  const shape = ({ key, data, objects }: SetDeclaration) => JSON.stringify([key, data, objects])
  return shape(left) === shape(right)
}
