import type { FlowtableDeclaration, ObjectDeclaration } from "../../../ruleset/object.js"
import type { BaseChain, Rule, SetDeclaration, Table } from "../../../ruleset/ruleset.js"
import type { ElementList } from "./element-list.js"
import type { Syntax } from "./syntax.js"

/** What the commands have made so far: the ruleset while it is being built. */
export class Model {
  readonly tables = new Map<string, TableModel>()

  table(family: string, name: string): TableModel | undefined {
    return this.tables.get(`${family} ${name}`)
  }
}

export interface TableModel {
  readonly family: Table["family"]
  readonly name: string
  flags: NonNullable<Table["flags"]>
  comment: string | undefined
  readonly sets: Map<string, SetModel>
  readonly chains: Map<string, ChainModel>
  readonly objects: Map<string, ObjectDeclaration>
  readonly flowtables: Map<string, FlowtableDeclaration>
  readonly handle: number | undefined
}

export interface SetModel {
  declaration: SetDeclaration
  elements: ElementList
  /** Pairs of elements that were looked at for values in common. */
  compared: number
  /** Where it is declared. */
  readonly at: Syntax
}

export interface ChainModel {
  readonly name: string
  base: BaseChain | undefined
  comment: string | undefined
  rules: RuleModel[]
}

export interface RuleModel {
  readonly rule: Rule
  /** As a listing tells it. */
  readonly handle: number | undefined
}

export function newTable(family: Table["family"], name: string, handle: number | undefined): TableModel {
  return {
    family,
    name,
    flags: [],
    comment: undefined,
    sets: new Map(),
    chains: new Map(),
    objects: new Map(),
    flowtables: new Map(),
    handle,
  }
}

/** Objects of different kinds may have the same name. */
export function objectKey(kind: string, name: string): string {
  return `${kind} ${name}`
}

export function tableOf(model: TableModel): Table {
  const { family, name, flags, comment, objects, flowtables } = model
  return {
    family,
    name,
    ...(flags.length > 0 && { flags }),
    ...(comment !== undefined && { comment }),
    ...(objects.size > 0 && { objects: [...objects.values()] }),
    ...(flowtables.size > 0 && { flowtables: [...flowtables.values()] }),
    sets: [...model.sets.values()].map(({ declaration, elements }) =>
      elements.length > 0 ? { ...declaration, elements: elements.all } : declaration,
    ),
    chains: [...model.chains.values()].map((chain) => ({
      name: chain.name,
      ...(chain.base && { base: chain.base }),
      ...(chain.comment !== undefined && { comment: chain.comment }),
      rules: chain.rules.map(({ rule }) => rule),
    })),
  }
}
