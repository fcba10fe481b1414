import type { Policy } from "../../core/policy/policy.js"

/** Whether all that bears a name in a policy only notifies now, so that nobody stays blocked for it. What rules listed without a name ends where nothing blocks at all. */
export function isNotified(policy: Policy): (kind: string) => boolean {
  const protections = policy.zones.flatMap(({ incoming }) => incoming)
  const all = [...protections, ...policy.detect]
  return (kind) => {
    if (kind === "rule" || kind === "neighbours") return all.every(({ action }) => action !== "block")
    const named = all.filter(({ name }) => name === kind)
    return named.length > 0 && named.every(({ action }) => action === "notify")
  }
}
