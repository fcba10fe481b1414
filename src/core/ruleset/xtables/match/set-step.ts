import { BREAK, type Build, CONTINUE, type Step } from "../../runtime.js"
import type { XtOptions } from "../option.js"
import { optionOf } from "../option.js"
import { keyLoad, setReferenceOf } from "../set-key.js"

/** `-m set --match-set`: whether the set has the packet's key. A packet that has no such key (an address of the other family, no ports) is not in the set. */
export function setStep(options: XtOptions, build: Build): Step {
  const option = optionOf(options, "match-set")
  const { name, ends } = setReferenceOf(option?.value)
  const set = build.set(name)
  const load = keyLoad(set.types, ends)
  const found = option?.negated ? BREAK : CONTINUE
  const missed = option?.negated ? CONTINUE : BREAK
  return (packet, run) => (load(packet, run, 0) && set.has(run, 0) ? found : missed)
}
