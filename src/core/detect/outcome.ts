import type { Answer } from "../event/answer-event.js"
import type { ConnectionPhase } from "../event/connection-event.js"

// What comes of an attempt: an answer, or a step of the connection that it began.
export const OPEN = 0
export const CLOSED = 1
export const REFUSED = 2
export const SILENT = 3
export const BEGUN = 4
/** The handshake is complete, so the source's address is its own. */
export const PROVEN = 5
/** It goes on, answered on another way than the one that is seen. */
export const ON_WAY = 6
export const ENDED = 7
export const ABANDONED = 8
/** One more than all of them. */
export const OUTCOMES = 9

export function isAnswer(outcome: number): boolean {
  return outcome < BEGUN
}

/** By outcome. */
export const answers: readonly (Answer | undefined)[] = ["open", "closed", "refused", "silent"]

/** By outcome; nothing where it is an answer. */
export const phases: readonly (ConnectionPhase | undefined)[] = [
  ...[undefined, undefined, undefined, undefined],
  ...(["new", "established", "established", "ended", "abandoned"] as const),
]
