import type { ObjectKind } from "../../../ruleset/object.js"
import type { SetDeclaration } from "../../../ruleset/ruleset.js"
import type { Context } from "./context.js"
import type { Syntax } from "./syntax.js"

/** Who keeps the tables: a meter declares a set, a set that rules add to is dynamic, and nft's JSON forgets that it is. */
export interface SetKeeper {
  /** JSON, which does not tell all of sets and their elements. */
  readonly isListing: boolean
  declare(declaration: SetDeclaration, at: Syntax): void
  isUpdated(name: string, hasStatements: boolean): void
  hasObject(kind: ObjectKind, name: string): boolean
  /** For hints. */
  objectNames(kind: ObjectKind): readonly string[]
}

/** The context of a rule, for the statements that declare. */
export interface RuleContext extends Context {
  readonly keeper: SetKeeper
}

export function keeperOf(context: Context): SetKeeper | undefined {
  return (context as Partial<RuleContext>).keeper
}
