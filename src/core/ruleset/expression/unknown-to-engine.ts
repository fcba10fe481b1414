import type { Read } from "../runtime.js"

/** What only the running host knows cannot be evaluated, and a rule that asks for it does not match. */
export const neverKnown: Read = () => -1

export const neverMatches = "the engine cannot know it: the rule does not match"
