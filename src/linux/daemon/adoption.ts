import type { Prefix } from "../../core/base/prefix.js"
import { sourceText } from "../../core/block/block.js"
import { repeatedFor, unprovenLongest } from "../../core/block/duration.js"
import type { Ledger, Wish } from "../../core/block/ledger.js"
import { seconds } from "./kernel-agreement.js"
import type { CountedBlock } from "./kernel-blocks.js"

/** Which protection's rule may have listed a source for so many seconds: its name; undefined: that is not known. */
export type ListedBy = (source: Prefix, scope: CountedBlock["scope"], given: number) => string | undefined

/** What becomes of an element that is in the kernel. */
export type Adoption =
  /** The ledger has it already, or knows that it was let out. */
  | "known"
  /** Somebody who is never blocked. */
  | { readonly letOut: string }
  | Wish

/** What a rule has listed by itself, in the ledger's words. `now` is in seconds since 1970. */
export function adoptionOf(
  element: CountedBlock,
  ledger: Ledger,
  neverBlocked: (source: Prefix) => string | undefined,
  listedBy: ListedBy,
  now: number,
): Adoption {
  const { source, scope } = element
  const [left, given] = [seconds(element.remaining), seconds(element.given)]
  const there = ledger.find(source)
  if (there && (there.scope === scope || there.scope === "everything")) {
    const isRefreshed = there.by === "rule" && now + left > there.until + 2
    return isRefreshed ? { ...there, seconds: left } : "known"
  }
  const created = Number.isFinite(given) ? now - (given - left) : now
  const past = ledger.past(source)
  // Listed before it was let out: whoever let it out was killed before the kernel knew.
  if (past?.unblocked && (created <= past.end + 0.5 || !Number.isFinite(given))) return "known"
  const never = neverBlocked(source)
  if (never !== undefined)
    return { letOut: `a rule had listed ${sourceText(source)}: it was let out, ${never}` }
  const before = ledger.timesBefore(source, created)
  const repeated = repeatedFor(given, before, ledger.settings.repeaters)
  const whole = scope === "everything" ? repeated : Math.min(given, unprovenLongest)
  const until = Number.isFinite(given) ? created + whole : Number.POSITIVE_INFINITY
  const protection = listedBy(source, scope, given)
  return {
    source,
    scope,
    by: "rule",
    kind: protection ?? "rule",
    why:
      protection === undefined
        ? "a rule of the kernel listed it by itself"
        : `the rule of ${protection} listed it by itself`,
    seconds: until - now,
  }
}
