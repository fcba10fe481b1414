import { didYouMean } from "../../../base/nearest.js"
import type { SetDeclaration } from "../../../ruleset/ruleset.js"
import { setTypeOf, type TypeName } from "../../../ruleset/type.js"
import type { Context } from "./context.js"
import type { Syntax } from "./syntax.js"
import { stringOf } from "./tree.js"

/** A set or map of the table that holds these types. Undefined: there is none, or it holds others, which was reported. */
export function setNamed(
  name: string,
  types: readonly TypeName[],
  at: Syntax,
  context: Context,
): SetDeclaration | undefined {
  const set = context.set(name)
  if (!set) {
    context.report("unknown-set", `there is no set ${name}`, at, didYouMean(name, context.setNames()))
    return undefined
  }
  const [held, asked] = [set.key.map(setTypeOf), types.map(setTypeOf)]
  if (held.length === asked.length && held.every((type, index) => isSame(type, asked[index]!))) return set
  context.report(
    "set-type-mismatch",
    `${name} holds ${held.join(" . ")}, and is asked for ${asked.join(" . ")}`,
    at,
  )
  return undefined
}

/** An ICMP code is one whichever ICMP it is of. */
function isSame(held: TypeName, asked: TypeName): boolean {
  return held === asked
}

/** What a set named `@name` is looked up with: a constant in the key gets its type from there. */
export function keyTypesOf(reference: Syntax, context: Context): readonly TypeName[] | undefined {
  const name = stringOf(reference)
  return name?.startsWith("@") ? context.set(name.slice(1))?.key : undefined
}
