import { limitRules } from "../compile-limit.js"
import { provableChains } from "../compile-outcome.js"
import { toPorts } from "../compile-ports.js"
import type { Limit, Protection } from "../policy.js"
import type { CompileContext, Compiled } from "../protection.js"

/** Kinds that limit what conntrack calls new, of every protocol. */
export function limitNew(protection: Protection, context: CompileContext, order: number): Compiled {
  const ports = toPorts(protection.ports)
  const guard = () => ports
  const { chains, placed, sets: proofs, ...target } = provableChains(protection, context, guard)
  const { rules, sets } = limitRules(protection, { ...context, ...target, guard })
  return { placed: [{ place: "new", order, rules }, ...placed], sets: [...sets, ...proofs], chains }
}

export const perSecond = (count: number, burst: number): Limit => ({
  form: "rate",
  rate: { count, unit: "second" },
  burst,
})
