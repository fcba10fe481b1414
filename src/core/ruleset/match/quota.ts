import { lengthOf } from "../expression/meta.js"
import type { StepKind } from "../kind.js"
import { BREAK, CONTINUE } from "../runtime.js"

/** Matches until so many bytes have come (`over`: once they have). */
export interface QuotaNode {
  readonly step: "quota"
  readonly bytes: number
  /** Bytes that had come before. */
  readonly used?: number
  readonly over: boolean
}

/** Every packet that is asked counts, also those beyond (measured on Linux 6.18: test/kernel/statements.test.ts). */
export const quota: StepKind<QuotaNode> = {
  name: "quota",
  toNft({ bytes, used, over }) {
    const spent = used === undefined || used === 0 ? "" : ` used ${bytesToNft(used)}`
    return `quota ${over ? "over " : ""}${bytesToNft(bytes)}${spent}`
  },
  compile({ bytes, used = 0, over }, build) {
    const place = build.slots(1)
    const whenWithin = over ? BREAK : CONTINUE
    const whenSpent = over ? CONTINUE : BREAK
    return (packet, run) => {
      const at = run.stateBase + place
      const spent = run.state[at]! + lengthOf(packet, run)
      run.state[at] = spent
      return used + spent > bytes ? whenSpent : whenWithin
    }
  },
  manual: {
    title: "Quotas",
    text: "Matches as long as no more than so many bytes have come. With `over` it matches what is beyond.",
    example: "quota over 100 mbytes drop",
  },
}

/** `25 mbytes`: the largest unit that divides it. */
export function bytesToNft(bytes: number): string {
  if (bytes > 0 && bytes % 2 ** 20 === 0) return `${bytes / 2 ** 20} mbytes`
  if (bytes > 0 && bytes % 2 ** 10 === 0) return `${bytes / 2 ** 10} kbytes`
  return `${bytes} bytes`
}
