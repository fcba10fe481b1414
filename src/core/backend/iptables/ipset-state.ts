import type { SetDeclaration, SetElement } from "../../ruleset/ruleset.js"

/** What ipset takes where a set does not say it (ipset(8), maxelem). */
export const DEFAULT_SIZE = 65_536

/** A set of ipset while its lines are read. */
export interface IpsetState {
  readonly parts: readonly string[]
  readonly family: 4 | 6
  readonly declaration: SetDeclaration
  readonly elements: Map<string, SetElement>
  /** Of the type list:set: the sets that it holds. */
  readonly members?: Set<string>
  /** Of a type that is not read, which was told: it stays empty. */
  readonly isUnread?: true
}

/** What a set of the other IP version holds, no packet of this one has. */
export function isOfFamily({ family }: IpsetState): (member: IpsetState) => boolean {
  return (member) => member.family === family
}

/** Two sets of one key type are asked alike. */
export function keyOf({ declaration }: IpsetState): string {
  return declaration.key.join()
}

/** The set as rules ask it. */
export function declarationOf(state: IpsetState, sets: ReadonlyMap<string, IpsetState>): SetDeclaration {
  const own = [...state.elements.values()]
  if (!state.members) return { ...state.declaration, ...(own.length > 0 && { elements: own }) }
  const members = [...state.members].flatMap((name) => sets.get(name) ?? []).filter(isOfFamily(state))
  const [first] = members
  if (!first) return state.declaration
  const alike = members.filter((member) => keyOf(member) === keyOf(first))
  const elements = new Map(alike.flatMap((member) => [...member.elements]))
  const flags = new Set(alike.flatMap(({ declaration }) => declaration.flags))
  const { timeout: _timeout, size: _size, ...shape } = first.declaration
  return {
    ...shape,
    name: state.declaration.name,
    flags: [...flags],
    ...(flags.has("interval") && shape.key.length === 1 && { autoMerge: true }),
    ...(elements.size > 0 && { elements: [...elements.values()] }),
    ...(state.declaration.origin && { origin: state.declaration.origin }),
  }
}
