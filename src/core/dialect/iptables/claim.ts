import type { Draft, DraftMap } from "../imported.js"

/** Who shares a limit: an IP version's prefix length each, or everybody. Absent: a source alone. */
export interface Shared {
  readonly everyone?: true
  readonly ipv4?: number
  readonly ipv6?: number
}

/** A protection that a rule is, as far as the rule itself tells: where it stands and what stands before it are looked at later. */
export interface Claim {
  readonly name: string
  /** The key under the protection (`22/tcp`), where each port has a setting of its own. */
  readonly port?: string
  /** Without `for` and `per`. Empty: the protection's action alone, drop. */
  readonly value: DraftMap
  readonly per?: Shared
  /** Of `blocklist` and `open`: what rules add to it. */
  readonly list?: readonly Draft[]
  /** Of `open`: it names what stays open, and closes nothing itself. */
  readonly opens?: true
  /** Combinations of flags that the rule drops, where it is a part of what the protection drops. */
  readonly flags?: readonly number[]
  /** Why the policy stops more than the rule, and why it lets more past: a sentence each. */
  readonly stricter: readonly string[]
  readonly looser: readonly string[]
  /** The honest traffic that the rule stops. */
  readonly harms?: string
}

/** `ordinary`: it opens and closes, or is no protection. `lost`: a protection that a policy has no words for. */
export type Translated =
  | { readonly kind: "protection"; readonly does: string; readonly claims: readonly Claim[] }
  | { readonly kind: "lost"; readonly does: string; readonly why: string }
  | { readonly kind: "nothing"; readonly does: string }
  /** It serves another rule, which says what becomes of both. */
  | { readonly kind: "part"; readonly does: string }
  | { readonly kind: "ordinary" }

export interface ClaimMore {
  readonly port?: string
  readonly per?: Shared | undefined
  readonly list?: readonly Draft[]
  readonly opens?: true
  readonly flags?: readonly number[]
  readonly stricter?: readonly (string | false)[]
  readonly looser?: readonly (string | false)[]
  readonly harms?: string | undefined
}

export function claim(name: string, value: DraftMap, more: ClaimMore = {}): Claim {
  const { port, per, list, opens, flags, stricter = [], looser = [], harms } = more
  return {
    ...{ name, value, stricter: said(stricter), looser: said(looser) },
    ...(port !== undefined && { port }),
    ...(per !== undefined && { per }),
    ...(list !== undefined && { list }),
    ...(opens && { opens }),
    ...(flags !== undefined && { flags }),
    ...(harms !== undefined && { harms }),
  }
}

function said(reasons: readonly (string | false)[]): readonly string[] {
  return reasons.filter((reason) => reason !== false)
}

export const protection = (does: string, ...claims: readonly Claim[]): Translated => ({
  kind: "protection",
  does,
  claims,
})
export const lost = (does: string, why: string): Translated => ({ kind: "lost", does, why })
export const nothing = (does: string): Translated => ({ kind: "nothing", does })
export const part = (does: string): Translated => ({ kind: "part", does })
export const ordinary: Translated = { kind: "ordinary" }
