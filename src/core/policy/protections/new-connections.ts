import { limitRules } from "../compile-limit.js"
import { limitChains } from "../compile-outcome.js"
import { toPorts } from "../compile-ports.js"
import type { Limit, Protection } from "../policy.js"
import type { CompileContext, Compiled } from "../protection.js"

/** Kinds that limit what conntrack calls new, of every protocol. */
export function limitNew(protection: Protection, context: CompileContext, order: number): Compiled {
  const { chains, ...target } = limitChains(protection, context)
  const ports = toPorts(protection.ports)
  const { rules, sets } = limitRules(protection, { ...context, ...target, guard: () => ports })
  return { placed: [{ place: "new", order, rules }], sets, chains }
}

export const perSecond = (count: number, burst: number): Limit => ({
  form: "rate",
  rate: { count, unit: "second" },
  burst,
})
