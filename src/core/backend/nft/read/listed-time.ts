import type { Duration } from "../../../base/duration.js"
import type { Context } from "./context.js"
import { keeperOf } from "./keeper.js"
import type { Syntax } from "./syntax.js"
import { elaborateTime } from "./values.js"

const SECOND = 1e9

/**
 * A timeout of a set or of an element. nft 1.0.6 prints times as JSON in whole seconds, cut off (`250ms` is `"timeout": 0`), and a timeout of nothing is never printed: it is one
 * of less than a second.
 */
export function elaborateTimeout(written: Syntax | undefined, context: Context): Duration | undefined {
  const timeout = written && elaborateTime(written, context)
  if (timeout !== 0 || written === undefined || keeperOf(context)?.isListing !== true) return timeout
  context.assume(
    "this listing has whole seconds only, and the timeout is less: it is taken to be 1s",
    written,
  )
  return SECOND
}

/** How often dead elements are looked for: less than a second is as well left to the kernel. */
export function elaborateInterval(written: Syntax | undefined, context: Context): Duration | undefined {
  const interval = written && elaborateTime(written, context)
  return interval === 0 && keeperOf(context)?.isListing === true ? undefined : interval
}
