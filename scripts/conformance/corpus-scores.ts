import { conntrackScore } from "./conntrack.js"
import { decoderScore } from "./decoder.js"
import type { Score } from "./score.js"

/** What a folder of other people's captures, rules and labels is asked, by the section's name. */
export const corpusScores: Readonly<Record<string, (corpus: string) => Promise<Score>>> = {
  conntrack: conntrackScore,
  decoder: decoderScore,
}
