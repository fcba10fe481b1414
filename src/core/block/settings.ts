import { neighbourWords, repeaterWords } from "../policy/blocks.js"
import type { Policy } from "../policy/policy.js"
import type { LedgerSettings } from "./ledger.js"

/** What a policy says of repeaters and neighbours, in the ledger's seconds; undefined: there is no policy, and it is as if one said nothing. */
export function ledgerSettings(policy: Pick<Policy, "repeaters" | "neighbours"> | undefined): LedgerSettings {
  const { repeaters = repeaterWords, neighbours = neighbourWords } = policy ?? {}
  return {
    repeaters:
      repeaters === "off"
        ? { longest: 0, forgetAfter: repeaterWords.forgetAfter / 1e9 }
        : { longest: repeaters.longest / 1e9, forgetAfter: repeaters.forgetAfter / 1e9 },
    neighbours: neighbours === "off" ? 0 : neighbours,
  }
}
