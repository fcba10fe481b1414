import type { Address } from "../base/address.js"
import { isHost, normalise, type Prefix, printPrefix } from "../base/prefix.js"

/** What a block keeps out. */
export type Scope =
  /** Every packet of the source, those of its live connections too. */
  | "everything"
  /** Only what it opens: it proved nothing, so its address may be forged, and whoever really has it keeps what is open. */
  | "new-connections"

/** Who decided it: somebody's command, a rule of the kernel by itself, the guard upon a finding, or the guard upon many neighbours' blocks. */
export type BlockedBy = "hand" | "rule" | "detector" | "neighbours"

/** A source that is kept out: who, why, until when. Times are seconds since 1970. */
export interface Block {
  /** An IPv4 host, an IPv6 /64, or any other prefix. */
  readonly source: Prefix
  readonly scope: Scope
  readonly by: BlockedBy
  /** A detector's or a protection's name; `by-hand`; `neighbours`. */
  readonly kind: string
  /** A sentence for people. */
  readonly why: string
  readonly since: number
  /** Infinity: for ever. */
  readonly until: number
  /** How often this source has been blocked, this time included. */
  readonly times: number
  /** What was dropped before the kernel's own counter began: its element was made anew. */
  readonly droppedPackets: number
  readonly droppedBytes: number
}

/** What is blocked where an address is found: the host, of IPv6 its /64. Who has one address of it has them all. */
export function sourceOf(address: Address): Prefix {
  return normalise({ address, length: address.family === 4 ? 32 : 64 })
}

/** One block for each source: the name that the ledger knows it by. A /64 is written with its length. */
export function sourceText(source: Prefix): string {
  return printPrefix(source)
}

/** Whether its elements lie in a hash set; all others are prefixes. */
export function isSingle({ address, length }: Prefix): boolean {
  return address.family === 4 ? isHost({ address, length }) : length === 64
}
