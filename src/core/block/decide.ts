import { type Address, printAddress } from "../base/address.js"
import type { Prefix } from "../base/prefix.js"
import type { Finding } from "../event/finding.js"
import { type Scope, sourceOf } from "./block.js"
import { type RepeaterSettings, repeatedFor, unprovenLongest } from "./duration.js"

/** What is done about one source of a finding, and why. */
export type Decision =
  | {
      readonly verdict: "block"
      readonly source: Prefix
      readonly scope: Scope
      /** Seconds; Infinity: for ever. */
      readonly seconds: number
      readonly reason: string
    }
  | {
      readonly verdict: "only-notify"
      readonly source: Prefix
      /** It would be blocked if the policy's action were `block`. */
      readonly wouldBlock: boolean
      readonly reason: string
    }

/** What decides besides the finding: asked when it is needed, for it changes all the time. */
export interface Surroundings {
  /** A sentence why this address, or somebody in this prefix, is never blocked; undefined: may be. */
  readonly neverBlocked: (source: Prefix) => string | undefined
  /** It has an established connection with this host, or through it, now. */
  readonly hasConnection: (address: Address) => boolean
  /** When this host, or one behind it, called the address last: seconds since 1970; undefined: not that anybody remembers. */
  readonly calledAt: (address: Address) => number | undefined
  /** How often the source was blocked before, as far as that is remembered. */
  readonly timesBefore: (source: Prefix, now: number) => number
  readonly repeaters: RepeaterSettings
  /** `forged-sources: prove`: nobody is blocked who has not completed a handshake. */
  readonly provedOnly: boolean
}

/** A host that one of ours called is no stranger for so long. */
const calledFor = 86400

/**
 * What is done about a finding, for each of its sources: nowhere else is it decided to block somebody. `now` is in seconds since 1970.
 * The order of the questions is the order of the reasons: what the policy wishes, who is never blocked, and whether the source is who it claims to be.
 */
export function decide(finding: Finding, surroundings: Surroundings, now: number): readonly Decision[] {
  return finding.sources.map((address) => decideOne(finding, address, surroundings, now))
}

function decideOne(finding: Finding, address: Address, around: Surroundings, now: number): Decision {
  const source = sourceOf(address)
  const notify = (reason: string, wouldBlock = false): Decision => ({
    verdict: "only-notify",
    source,
    wouldBlock,
    reason,
  })
  const never =
    around.neverBlocked({ address, length: address.family === 4 ? 32 : 128 }) ?? around.neverBlocked(source)
  if (finding.manySources)
    return notify("many sources acted together: any of them may be forged, so none is blocked for it")
  if (never !== undefined) return notify(never)
  const allowed = proof(finding, address, around, now)
  if (typeof allowed === "string") return notify(allowed)
  if (finding.action === "notify") return notify(`the action of ${finding.detector} is notify`, true)
  if (finding.action === "drop")
    return notify(
      `the action of ${finding.detector} is drop: what it finds is stopped, and nobody listed`,
      true,
    )
  if (allowed.scope === "new-connections") {
    return {
      verdict: "block",
      source,
      scope: allowed.scope,
      seconds: Math.min(finding.blockFor, unprovenLongest),
      reason:
        "it proved nothing, so its address may be forged: only what it opens is kept out, for ten minutes at most",
    }
  }
  const before = around.timesBefore(source, now)
  const seconds = repeatedFor(finding.blockFor, before, around.repeaters)
  return {
    verdict: "block",
    source,
    scope: "everything",
    seconds,
    reason:
      before === 0
        ? "its address is its own"
        : `its address is its own, and it was blocked ${before === 1 ? "once" : `${before} times`} before`,
  }
}

/** Each thing that these count is a handshake that the source completed: nobody else can have done it. */
const selfProving: ReadonlySet<string> = new Set(["failed-logins", "connection-flood"])

/** What these count a visitor may do himself, on connections of his own. */
const ofConnections: ReadonlySet<string> = new Set(["port-flood", "intrusion-alert"])

/**
 * What may be blocked of a source as far as its address is proved, or a sentence why nothing. A handshake of today proves that an address is somebody's, and not that this
 * scan is: packets in the name of a visitor are sent as easily as any. So whoever is connected now, or has come to one service again and again, is not cut off for what others can forge; but for a
 * source that was blocked before.
 */
function proof(
  finding: Finding,
  address: Address,
  around: Surroundings,
  now: number,
): { readonly scope: Scope } | string {
  if (finding.proven && selfProving.has(finding.detector)) return { scope: "everything" }
  if (around.hasConnection(address))
    return `${printAddress(address)} has a live connection, and what was found can be forged in its name`
  if (
    finding.isVisitor &&
    !ofConnections.has(finding.detector) &&
    around.timesBefore(sourceOf(address), now) === 0
  )
    return `${printAddress(address)} had come as a visitor before, and what was found can be forged in its name`
  if (finding.proven) return { scope: "everything" }
  if (around.provedOnly) return "it completed no handshake, and forged-sources is prove"
  const called = around.calledAt(address)
  if (called !== undefined && now - called < calledFor)
    return `it proved nothing here, and a host of ours called ${printAddress(address)} within 24 hours`
  return { scope: "new-connections" }
}
