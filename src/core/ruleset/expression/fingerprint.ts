import type { ExpressionKind } from "../kind.js"
import { oneWord } from "../runtime.js"
import { neverKnown, neverMatches } from "./unknown-to-engine.js"

/** Which operating system a SYN looks like (nft(8), OSF EXPRESSION): the kernel compares it with fingerprints that somebody loaded. */
export interface FingerprintNode {
  readonly expression: "osf"
  readonly key: "name" | "version"
  /** How exact the time to live must be; absent: it was the sender's, or decremented on the way. */
  readonly ttl?: "loose" | "skip"
}

export const fingerprint: ExpressionKind<FingerprintNode> = {
  name: "osf",
  types: () => ["string"],
  assumes: () => neverMatches,
  toNft: (node) => `osf ${node.ttl === undefined ? "" : `ttl ${node.ttl} `}${node.key}`,
  read: () => neverKnown,
  load: () => oneWord(neverKnown),
  manual: {
    title: "Operating systems",
    text: "Which operating system a SYN looks like, by fingerprints that are loaded into the kernel. A replay has none, and nothing matches.",
    example: 'osf name "Linux" accept',
  },
}
