import type { Extension, OptionSpec } from "../../ruleset/xtables/extension.js"
import { plainOptions } from "./options.js"

/** Options that belong to no match or target, by their long names. */
export const plainByName = new Map(plainOptions.map((option) => [option.long, option]))

export function namesOfOption({ name, aliases }: OptionSpec): readonly string[] {
  return aliases ? [name, ...aliases] : [name]
}

const specsByExtension = new Map<Extension, ReadonlyMap<string, OptionSpec>>()

/** An extension's options by all their names. */
export function specsOf(extension: Extension): ReadonlyMap<string, OptionSpec> {
  const known = specsByExtension.get(extension)
  if (known) return known
  const specs = new Map<string, OptionSpec>()
  // Where an alias is another's name, the name counts.
  for (const spec of extension.options) for (const alias of spec.aliases ?? []) specs.set(alias, spec)
  for (const spec of extension.options) specs.set(spec.name, spec)
  specsByExtension.set(extension, specs)
  return specs
}
