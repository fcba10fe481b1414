import { comparePrefixes, contains, type Prefix } from "../base/prefix.js"
import { inSet, ipOf, notInSet, prefixItem } from "../ruleset/build.js"
import type { StepNode } from "../ruleset/node.js"
import type { SetDeclaration } from "../ruleset/ruleset.js"

export type Family = 4 | 6
export const families: readonly Family[] = [4, 6]

/** The prefixes of a family, without those that another one contains: nft refuses overlaps in an interval set. */
export function minimal(prefixes: readonly Prefix[], family: Family): readonly Prefix[] {
  const kept: Prefix[] = []
  const sorted = prefixes.filter(({ address }) => address.family === family).sort(comparePrefixes)
  // Sorted, whatever contains a prefix stands before it, and nothing else lies between but what it contains as well.
  for (const prefix of sorted) if (kept.length === 0 || !contains(kept.at(-1)!, prefix)) kept.push(prefix)
  return kept
}

/**
 * A constant set of hosts and networks; hosts alone make a hash set, whose look-up costs half. With its size written down the kernel takes the hash that
 * cannot grow, which is quicker still (nft_set_hash_fast: 0.05 of an established packet instead of 0.08).
 */
export function hostSet(name: string, prefixes: readonly Prefix[], family: Family): SetDeclaration {
  const elements = minimal(prefixes, family)
  const isInterval = elements.some(({ address, length }) => length < address.words.length * 32)
  return {
    name,
    key: [family === 4 ? "ipv4_addr" : "ipv6_addr"],
    flags: isInterval ? ["interval"] : [],
    ...(!isInterval && { size: Math.max(elements.length, 1) }),
    elements: elements.map((prefix) => ({ key: prefixItem(prefix) })),
  }
}

/** `ip saddr { … }`: written into the rule, for the few hosts of an exception. */
export function fromHosts(prefixes: readonly Prefix[], family: Family): StepNode {
  return inSet(ipOf(family, "saddr"), minimal(prefixes, family).map(prefixItem))
}

export function notFromHosts(prefixes: readonly Prefix[], family: Family): StepNode {
  return notInSet(ipOf(family, "saddr"), minimal(prefixes, family).map(prefixItem))
}

export function hasFamily(prefixes: readonly Prefix[], family: Family): boolean {
  return prefixes.some(({ address }) => address.family === family)
}
