import { BREAK, CONTINUE, type Step } from "../runtime.js"

/** What the engine assumes of a match that it cannot know. */
export const neverMatches: Step = () => BREAK

/** What the engine assumes of a target that it cannot know. */
export const goesOn: Step = () => CONTINUE

/** Parts of an extension whose answer lies outside of the packet and of what the engine holds. */
export const unknownMatch = { compile: () => neverMatches, assumes: "it never matches" } as const
export const unknownTarget = { compile: () => goesOn, assumes: "it does nothing" } as const
