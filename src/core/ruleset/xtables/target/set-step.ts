import type { SetUpdateNode } from "../../action/set-update.js"
import { type Build, CONTINUE, type Step } from "../../runtime.js"
import { hasOption, optionOf, type XtOptions } from "../option.js"
import { keyLoad, setReferenceOf } from "../set-key.js"

const NANOSECONDS = 1e9

/**
 * `-j SET`: adds the packet's key, or takes it out, and goes on whatever comes of it. An element that is there keeps its time, unless `--exist` begins it anew. 0 seconds
 * are for ever.
 */
export function setStep(options: XtOptions, build: Build): Step {
  const timeout = optionOf(options, "timeout")?.value
  const life =
    typeof timeout !== "number" ? {} : { timeout: timeout === 0 ? Infinity : timeout * NANOSECONDS }
  const steps = options.flatMap(({ name, value }) => {
    if (name !== "add-set" && name !== "del-set") return []
    const reference = setReferenceOf(value)
    const set = build.set(reference.name)
    const operation = name === "del-set" ? "delete" : hasOption(options, "exist") ? "update" : "add"
    const node: SetUpdateNode = {
      step: "set-update",
      operation,
      set: reference.name,
      // The key is loaded here, as ipset takes it from a packet.
      key: { expression: "meta", key: "l4proto" },
      ...(name === "add-set" && life),
    }
    return [{ load: keyLoad(set.types, reference.ends), update: set.updater(node) }]
  })
  return (packet, run) => {
    for (let index = 0; index < steps.length; index++) {
      const { load, update } = steps[index]!
      if (load(packet, run, 0)) update(packet, run, 0)
    }
    return CONTINUE
  }
}
