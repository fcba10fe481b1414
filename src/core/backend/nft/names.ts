/**
 * Names in the kernel. A chain carries its generation (`input.a`), unless its rules are the administrator's own, or the guard's (apart.ts). A set that is the policy's carries it too, so that a trial that ends gives the old elements back; a
 * ledger set has its own name, whatever the policy says; a limiter set has a hash of all that its elements are counted by (`syn4.h1x2y3z`), so that the same
 * limit goes on counting, and another one starts fresh.
 */

/** A ruleset goes into the kernel under one of two letters, so that two of them can stand side by side: `input.a`, `input.b`. */
export type Generation = "a" | "b"

export function generationOf(name: string): Generation | null {
  const letter = /\.([ab])$/.exec(name)?.[1]
  return letter === "a" || letter === "b" ? letter : null
}

export function isLimiterName(name: string): boolean {
  return /\.h[0-9a-z]+$/.test(name)
}

/** Sets of the transactions' own. */
export const trialSet = "trial"
export const pauseSet = "pause"
