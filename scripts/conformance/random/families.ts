import { nftCase } from "./make-case.js"
import type { Family } from "./referee-score.js"

export const families: readonly Family[] = [
  { name: "nft", title: "nft: every kind of match, set and verdict", make: nftCase, share: 1 },
]
