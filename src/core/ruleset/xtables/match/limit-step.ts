import { BREAK, CONTINUE, type Step } from "../../runtime.js"
import { HZ, jiffiesAt } from "../jiffies.js"

/** `-m limit`: `count` packets in `seconds`, 1, 60, 3600 or 86400. */
export interface LimitSettings {
  readonly count: number
  readonly seconds: number
  readonly burst: number
}

/** Parts of a second that the average interval between packets is written in (XT_LIMIT_SCALE). */
const SCALE = 10_000
/** What a tick gives back, so that a day's credit fits 32 bits with room: a power of two (xt_limit.c). */
const CREDITS_PER_TICK = 128
const WORD = 2 ** 32

/**
 * xt_limit's bucket in credits of 32 bits, refilled once a tick of the kernel's clock. A packet costs the average interval; the bucket holds `burst` of them, and is
 * full when the rule is made. One bucket for a rule.
 */
export function limitStep(settings: LimitSettings): Step {
  const average = averageOf(settings)
  const cost = creditsOf(average)
  const capacity = creditsOf((average * settings.burst) % WORD)
  let credit = capacity
  let last = -1
  return (_packet, run) => {
    const now = jiffiesAt(run.now)
    if (last >= 0 && now !== last) credit = (credit + (now - last) * CREDITS_PER_TICK) % WORD
    last = now
    if (credit > capacity) credit = capacity
    if (credit < cost) return BREAK
    credit -= cost
    return CONTINUE
  }
}

/** What iptables hands to the kernel: whole ten-thousandths of a second between two packets. */
export function averageOf({ count, seconds }: Pick<LimitSettings, "count" | "seconds">): number {
  return Math.floor((SCALE * seconds) / count)
}

/** The kernel takes no rule whose bucket would not fit ("Overflow, try lower"). */
export function limitOverflows(settings: LimitSettings): boolean {
  const average = averageOf(settings)
  return settings.burst === 0 || creditsOf((average * settings.burst) % WORD) < creditsOf(average)
}

function creditsOf(average: number): number {
  if (average > Math.floor((WORD - 1) / (HZ * CREDITS_PER_TICK)))
    return (Math.floor(average / SCALE) * HZ * CREDITS_PER_TICK) % WORD
  return Math.floor((average * HZ * CREDITS_PER_TICK) / SCALE)
}
