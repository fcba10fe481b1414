import { lengthOf } from "../../expression/meta.js"
import { BREAK, CONTINUE, type Step } from "../../runtime.js"

/** `-m quota` */
export interface QuotaSettings {
  readonly bytes: number
  readonly negated: boolean
}

/** Matches until the bytes are used up. A packet that is longer than what is left uses up all of it: shorter ones after it do not match either. */
export function quotaStep({ bytes, negated }: QuotaSettings): Step {
  const within = negated ? BREAK : CONTINUE
  const spent = negated ? CONTINUE : BREAK
  let left = bytes
  return (packet, run) => {
    const length = lengthOf(packet, run)
    if (left >= length) {
      left -= length
      return within
    }
    left = 0
    return spent
  }
}
