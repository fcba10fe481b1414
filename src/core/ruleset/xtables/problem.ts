import type { Problem } from "../../base/diagnostic.js"

/** A word that its option does not take. */
export function badValue(message: string, hint?: string): Problem {
  return { id: "xt-bad-value", message, ...(hint !== undefined && { hint }) }
}

/** Options that are each right, and not together or not there. */
export function badOptions(message: string, hint?: string): Problem {
  return { id: "xt-bad-options", message, ...(hint !== undefined && { hint }) }
}
