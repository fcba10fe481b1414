import { renderApply } from "../../core/backend/nft/transaction.js"
import type { Ruleset } from "../../core/ruleset/ruleset.js"
import type { KernelState } from "./kernel.js"
import { compareListings, type Difference, listRules } from "./listing.js"
import { done, failed, type Outcome } from "./outcome.js"
import { listInScratch } from "./scratch.js"

/**
 * What differs between rules and the kernel. The rules are loaded into a network namespace of the moment, and both are listed by the same nft: whatever form it
 * gives to a rule, it gives to both.
 */
export function differences(ruleset: Ruleset, kernel: KernelState): Outcome<readonly Difference[]> {
  // In an empty kernel rules get the first letter.
  const wanted = listInScratch(renderApply(ruleset, null, null).text, devicesOf(ruleset), "a")
  if (failed(wanted)) return wanted
  if (kernel.inForce === null) return done(compareListings(wanted.value, []))
  const found = listRules(
    kernel.tables.map(({ place }) => place),
    kernel.inForce,
  )
  return failed(found) ? found : done(compareListings(wanted.value, found.value))
}

function devicesOf(ruleset: Ruleset): readonly string[] {
  const chains = ruleset.tables.flatMap(({ chains }) => chains)
  return [...new Set(chains.flatMap(({ base }) => base?.devices ?? []))]
}
