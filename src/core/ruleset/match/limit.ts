import { intervalNanoseconds, printRate, type Rate } from "../../base/rate.js"
import { lengthOf } from "../expression/meta.js"
import type { StepKind } from "../kind.js"
import { BREAK, type Build, CONTINUE, type Step } from "../runtime.js"
import { bytesToNft } from "./quota.js"

/** Matches until the rate is spent (`over`: once it is spent). A token bucket; one for the rule, or one for each element where a set carries it. */
export interface LimitNode {
  readonly step: "limit"
  readonly rate: Rate
  readonly burst: number
  /** Both are bytes; absent: packets. */
  readonly bytes?: true
  readonly over: boolean
}

/**
 * A token bucket counted in nanoseconds, as net/netfilter/nft_limit.c counts it: a packet costs the rate's interval, the bucket holds `burst` packets' worth, and
 * time itself is the refill. We keep what is spent rather than what is left, so that zeros are a full bucket.
 *
 * A rule stops at the first match that fails, so a packet that fails an earlier match costs nothing here: `ssh limit` and `limit ssh` are different rules.
 * Numbers are exact up to 104 days of nanoseconds; a larger bucket (1/week burst 20) rounds by a few nanoseconds.
 */
export const limit: StepKind<LimitNode> = {
  name: "limit",
  toNft: ({ rate, burst, bytes, over }) => {
    if (bytes) {
      const beyond = burst === 0 ? "" : ` burst ${bytesToNft(burst)}`
      return `limit rate ${over ? "over " : ""}${bytesToNft(rate.count)}/${rate.unit}${beyond}`
    }
    if (burst < 1) return { unsupported: "nft refuses a limit with a burst below 1 packet" }
    return `limit rate ${over ? "over " : ""}${printRate(rate)} burst ${burst} packets`
  },
  compile(node, build) {
    if (node.bytes) return compileBytes(node, build)
    const cost = intervalNanoseconds(node.rate)
    const capacity = cost * node.burst
    const spentAt = build.slots(2)
    const whenWithin = node.over ? BREAK : CONTINUE
    const whenSpent = node.over ? CONTINUE : BREAK
    return (_packet, run) => {
      const { state, now } = run
      const at = run.stateBase + spentAt
      // A capture's time may step back, which the kernel's clock never does: then nothing is refilled, now or twice later.
      const elapsed = Math.max(0, now - state[at + 1]!)
      const spent = Math.max(0, state[at]! - elapsed)
      const isWithin = spent + cost <= capacity
      state[at] = isWithin ? spent + cost : spent
      if (elapsed > 0) state[at + 1] = now
      return isWithin ? whenWithin : whenSpent
    }
  },
  manual: {
    title: "Rate limits",
    text: "Matches as long as packets come no faster than the rate, after a burst. With `over` it matches the ones beyond.",
    example: "limit rate over 200/second burst 1000 packets drop",
  },
}

/** A byte costs its share of the unit, and the bucket holds a unit's worth of bytes and the burst (measured on Linux 6.18: test/kernel/statements.test.ts). */
function compileBytes({ rate, burst, over }: LimitNode, build: Build): Step {
  const unit = intervalNanoseconds({ count: 1, unit: rate.unit })
  const capacity = Math.floor((unit * (rate.count + burst)) / rate.count)
  const spentAt = build.slots(2)
  return (packet, run) => {
    const { state, now } = run
    const at = run.stateBase + spentAt
    const cost = Math.floor((unit * lengthOf(packet, run)) / rate.count)
    const elapsed = Math.max(0, now - state[at + 1]!)
    const spent = Math.max(0, state[at]! - elapsed)
    const isWithin = spent + cost <= capacity
    state[at] = isWithin ? spent + cost : spent
    if (elapsed > 0) state[at + 1] = now
    return isWithin !== over ? CONTINUE : BREAK
  }
}
