import { BREAK, CONTINUE, type Outcome, type Step } from "../../runtime.js"
import { optionOf, textOf, type XtOption, type XtOptions } from "../option.js"
import { pairOf } from "../value-number.js"

/**
 * Matches that ask for what lies around a packet and the engine is not told: it takes a plain host for granted, without bridge ports, IPsec, helpers' expectations, route
 * realms and groups of interfaces. What the kernel answers there is known.
 */

const outcomes: Readonly<Record<"holds" | "fails", Step>> = { holds: () => CONTINUE, fails: () => BREAK }

function always(holds: boolean): Step {
  return holds ? outcomes.holds : outcomes.fails
}

/** `-m physdev`: no port of a bridge is any that is asked for, so negated questions hold (xt_physdev.c). */
export function physdevStep(options: XtOptions): Step {
  return always(options.every(({ negated }) => negated === true))
}

/** `-m policy`: no packet came or goes by IPsec. */
export function policyStep(options: XtOptions): Step {
  return always(textOf(options, "pol", "ipsec") === "none")
}

/** `-m helper`: no connection was expected; a packet without one does not match, negated or not. */
export function helperStep([option]: XtOptions): Step {
  const outcome: Outcome = option?.negated ? CONTINUE : BREAK
  return (_packet, run) => (run.connection === null ? BREAK : outcome)
}

function isZero(option: XtOption | undefined): boolean {
  const [value, mask] = pairOf(option?.value)
  return (value & mask) === 0 && value === 0
}

/** `-m realm`: realm 0. */
export function realmStep([option]: XtOptions): Step {
  return always(isZero(option) !== (option?.negated === true))
}

/** `-m devgroup`: group 0. */
export function devgroupStep(options: XtOptions): Step {
  return always(options.every((option) => isZero(option) !== (option.negated === true)))
}

/** `-m cpu`: the first processor does all. */
export function cpuStep([option]: XtOptions): Step {
  return always((option?.value === 0) !== (option?.negated === true))
}

/** `-m connlabel`: `--set` sets the label first. Without a connection only `!` matches. */
export function connlabelStep(options: XtOptions): Step {
  const label = optionOf(options, "label")
  const bit = Number(label?.value ?? 0)
  const sets = optionOf(options, "set") !== undefined
  const found = label?.negated ? BREAK : CONTINUE
  const missed = label?.negated ? CONTINUE : BREAK
  return (_packet, { connection }) => {
    if (connection === null) return missed
    if (sets) connection.setLabel(bit)
    return connection.hasLabel(bit) ? found : missed
  }
}
