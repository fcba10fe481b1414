import { BREAK, CONTINUE, type Step } from "../runtime.js"

/** What the engine assumes of a match that it cannot know. */
export const neverMatches: Step = () => BREAK

/** What the engine assumes of a target that it cannot know. */
export const goesOn: Step = () => CONTINUE
