import type { Extension } from "../extension.js"
import { number64 } from "../value-number.js"
import { quotaStep } from "./quota-step.js"

/** Matches until so many bytes have come. The value is a number, or digits as text where a number is not exact. */
export const quota: Extension = {
  name: "quota",
  role: "match",
  families: [4, 6],
  options: [{ name: "quota", value: number64, required: true, invertible: true }],
  toNft: ([option]) => `quota ${option?.negated ? "over " : ""}${String(option?.value)} bytes`,
  compile: ([option]) => quotaStep({ bytes: Number(option?.value), negated: option?.negated === true }),
  manual: {
    title: "iptables: quota",
    text: "Matches until so many bytes have come.",
    example: "quota 1 mbytes",
  },
}
