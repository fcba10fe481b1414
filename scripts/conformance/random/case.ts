import type { Ruleset } from "../../../src/core/ruleset/ruleset.js"
import type { TrafficFrame } from "./traffic.js"

/** How the kernel gets the rules: each text is given to its program's standard input, in order. */
export interface Load {
  readonly command:
    | "nft"
    | "iptables-legacy-restore"
    | "ip6tables-legacy-restore"
    | "iptables-nft-restore"
    | "ip6tables-nft-restore"
  readonly text: string
}

/** Rules and packets for both judges. */
export interface Case {
  /** What it was made from, for people. */
  readonly name: string
  readonly ruleset: Ruleset
  readonly loads: readonly Load[]
  readonly frames: readonly TrafficFrame[]
  /** `on`: the referee asks for conntrack's states, which turns it on. `auto`: only what the rules turn on is on. */
  readonly conntrack: "on" | "auto"
}

/** A case as a file that `--replay` reads. */
export function caseToJson(one: Case): string {
  return `${JSON.stringify(
    {
      ...one,
      frames: one.frames.map(({ side, bytes, wait }) => ({
        side,
        wait,
        bytes: Buffer.from(bytes).toString("hex"),
      })),
    },
    null,
    1,
  )}\n`
}

export function caseFromJson(text: string): Case {
  const read = JSON.parse(text) as Case & {
    frames: readonly { side: "outside" | "inside"; wait: number; bytes: string }[]
  }
  return {
    ...read,
    frames: read.frames.map(({ side, wait, bytes }) => ({
      side,
      wait,
      bytes: Uint8Array.from(Buffer.from(bytes as unknown as string, "hex")),
    })),
  }
}
