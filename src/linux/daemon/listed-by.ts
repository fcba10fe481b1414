import { printPrefix } from "../../core/base/prefix.js"
import { type Scope, sourceOf } from "../../core/block/block.js"
import { unprovenLongest } from "../../core/block/duration.js"
import { sourceOf as addressOf, type Flow } from "../../core/event/flow.js"
import type { Policy } from "../../core/policy/policy.js"
import type { ListedBy } from "./adoption.js"

/** Sources that rules told of when they listed them: the latest so many. */
const MAXIMUM = 4096

/**
 * Which protection's rule has listed a source. The rule logs with its protection's name when it lists; as logs are bounded, and nobody may have listened, the policy is asked
 * which of its protections list for so long, and a single one it must have been.
 */
export class ListedByRules {
  readonly #told = new Map<string, string>()
  readonly #policy: () => Policy

  constructor(policy: () => Policy) {
    this.#policy = policy
  }

  /** A rule whose action is to block has logged a packet. */
  note(flow: Flow, protection: string): void {
    const key = printPrefix(sourceOf(addressOf(flow)))
    if (this.#told.get(key) === protection) return
    if (this.#told.size >= MAXIMUM) {
      const [oldest = ""] = this.#told.keys()
      this.#told.delete(oldest)
    }
    this.#told.delete(key)
    this.#told.set(key, protection)
  }

  readonly of: ListedBy = (source, scope, given) =>
    this.#told.get(printPrefix(source)) ?? listerOf(this.#policy(), scope, given)
}

/** The one protection of a policy that lists sources for so many seconds; undefined: there are several, or none. */
export function listerOf(policy: Policy | undefined, scope: Scope, given: number): string | undefined {
  const names = new Set<string>()
  for (const { incoming, outgoing } of policy?.zones ?? []) {
    for (const { name, action, blockFor } of [...incoming, ...outgoing]) {
      const seconds = blockFor / 1e9
      const longest = scope === "everything" ? seconds : Math.min(seconds, unprovenLongest)
      if (action === "block" && (longest === given || Math.abs(longest - given) < 1)) names.add(name)
    }
  }
  const [only] = names
  return names.size === 1 ? only : undefined
}
