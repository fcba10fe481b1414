import { shortHash } from "../../base/hash.js"
import type { SetUpdateNode } from "../../ruleset/action/set-update.js"
import type { Unsupported } from "../../ruleset/kind.js"
import type { ExpressionNode } from "../../ruleset/node.js"
import { prefixLengthOf } from "../../ruleset/notation.js"
import type { SetDeclaration, Table } from "../../ruleset/ruleset.js"
import type { TypeName } from "../../ruleset/type.js"
import type { Item } from "../../ruleset/value.js"
import { stepsIn } from "../../ruleset/walk.js"
import type { Needless, XtSet } from "../../ruleset/xtables/lower/condition.js"
import { isWindowOf } from "../../ruleset/xtables/lower/sets.js"
import { DEFAULT_SIZE } from "./ipset-state.js"

/** An ipset's name has at most 31 characters. */
const NAME_MAXIMUM = 31

/** The sets of a table that become ipsets, with names that ipset takes, and those that rules hold without a name. */
export class LoweredSets {
  readonly #table: Table
  readonly #family: 4 | 6
  readonly #updates: ReadonlyMap<string, readonly SetUpdateNode[]>
  readonly #masks: ReadonlyMap<string, number>
  /** By their names in ipset. */
  readonly used = new Map<string, SetDeclaration>()

  constructor(table: Table, family: 4 | 6) {
    this.#table = table
    this.#family = family
    this.#updates = updatesOf(table)
    this.#masks = masksOf(table, family)
  }

  named(name: string): XtSet | Unsupported | null {
    const declared = this.#table.sets.find((set) => set.name === name)
    if (!declared) return { unsupported: `there is no set ${name}` }
    const updates = this.#updates.get(name) ?? []
    if ((declared.elements ?? []).length === 0 && updates.length === 0) return null
    const wanted: TypeName = this.#family === 4 ? "ipv4_addr" : "ipv6_addr"
    if (declared.data !== undefined) return { unsupported: "iptables has no maps" }
    if (declared.key.length !== 1 || declared.key[0] !== wanted)
      return {
        unsupported: `set ${name} holds ${declared.key.join(" . ")}, and only addresses become an ipset`,
      }
    if (updates.some(({ statements }) => statements?.some(({ step }) => step === "ct-count")))
      return countsNeverFull
    const timeout = Math.ceil((declared.timeout ?? 0) / 1e9)
    const isCounted = updates.some((update) => isWindowOf(update, update.timeout ?? declared.timeout ?? 0))
    const ipset = shortName(name, NAME_MAXIMUM)
    const length = this.#masks.get(name)
    this.used.set(ipset, {
      name: ipset,
      key: declared.key,
      flags: [
        ...(declared.flags.includes("interval") ? (["interval"] as const) : []),
        // The default of an ipset's timeout is what makes its elements end at all: 0 where they say so one by one.
        ...(declared.flags.includes("timeout") ? (["timeout"] as const) : []),
        ...(updates.length > 0 ? (["dynamic"] as const) : []),
      ],
      ...(declared.timeout !== undefined && { timeout: timeout * 1e9 }),
      size: declared.size ?? DEFAULT_SIZE,
      ...(declared.elements && { elements: declared.elements }),
      ...(isCounted && { statements: [{ step: "counter" }] }),
      ...(length !== undefined && { keyLength: length }),
    })
    return {
      name: ipset,
      declared: name,
      timeout: timeout * 1000,
      size: declared.size ?? DEFAULT_SIZE,
      isCounted,
    }
  }

  anonymous(type: TypeName, items: readonly Item[]): string {
    const name = `list-${shortHash(JSON.stringify(items))}`
    const elements = items.map((key) => ({ key }))
    const isInterval = items.some((item) => !("value" in item))
    this.used.set(name, { name, key: [type], flags: isInterval ? ["interval"] : [], elements })
    return name
  }
}

/** The rule for sources that a full set has no room for. */
const countsNeverFull: Needless = {
  unsupported:
    "connection counts of iptables are in no set that could be full: the rule for when it is is left out",
  needless: true,
}

/** At most so many characters: letters, digits, `-` and `_`, and with `anySign` what names of chains may have too. */
export function shortName(name: string, length: number, anySign = false): string {
  const plain = name.replaceAll(anySign ? /[\s!"'\\]/g : /[^A-Za-z0-9_-]/g, "-")
  if (plain.length <= length && plain === name) return plain
  const hash = shortHash(name)
  return `${plain.slice(0, length - hash.length - 1)}-${hash}`
}

function updatesOf(table: Table): ReadonlyMap<string, readonly SetUpdateNode[]> {
  const found = new Map<string, SetUpdateNode[]>()
  for (const { rules } of table.chains)
    for (const { steps } of rules)
      for (const step of stepsIn(steps))
        if (step.step === "set-update" && step.operation !== "delete")
          found.set(step.set, [...(found.get(step.set) ?? []), step])
  return found
}

/** Sets whose keys are all cut to a length: an ipset does that itself. */
function masksOf(table: Table, family: 4 | 6): ReadonlyMap<string, number> {
  const lengths = new Map<string, number>()
  const note = (set: string, key: ExpressionNode) => {
    if (key.expression !== "and") return
    const length = prefixLengthOf(key.mask, family === 4 ? "ipv4_addr" : "ipv6_addr")
    if (length > 0 && length < (family === 4 ? 32 : 128)) lengths.set(set, length)
  }
  for (const { rules } of table.chains)
    for (const { steps } of rules)
      for (const step of stepsIn(steps)) {
        if (step.step === "set-update") note(step.set, step.key)
        if (step.step === "lookup" && typeof step.set === "string") note(step.set, step.left)
      }
  return lengths
}
