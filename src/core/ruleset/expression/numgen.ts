import type { ExpressionKind } from "../kind.js"
import { oneWord, type Read } from "../runtime.js"

/** A number made up for each packet: `numgen random mod 100`. Chance is an argument of the engine. */
export interface NumgenNode {
  readonly expression: "numgen"
  readonly mode: "random" | "inc"
  readonly modulus: number
  readonly offset?: number
}

export const numgen: ExpressionKind<NumgenNode> = {
  name: "numgen",
  types: () => ["integer"],
  toNft: (node) => `numgen ${node.mode} mod ${node.modulus}${node.offset ? ` offset ${node.offset}` : ""}`,
  read: (node, build) => readOf(node, build.slots),
  load: (node, build) => oneWord(readOf(node, build.slots)),
  manual: {
    title: "Made-up numbers",
    text: "A number below the modulus for each packet: by chance, or counting up.",
    example: "numgen random mod 100 < 10 drop",
  },
}

/** `inc` begins with 0 (net/netfilter/nft_numgen.c starts one before it). */
function readOf(node: NumgenNode, slots: (count: number) => number): Read {
  const { modulus, offset = 0 } = node
  if (node.mode === "random") return (_packet, run) => run.random(modulus) + offset
  const place = slots(1)
  return (_packet, run) => {
    const at = run.stateBase + place
    const value = run.state[at]!
    run.state[at] = value + 1 < modulus ? value + 1 : 0
    return value + offset
  }
}
