import { maskWords } from "../../../base/prefix.js"
import type { Packet } from "../../../packet/packet.js"
import { BREAK, type Build, CONTINUE, type Step } from "../../runtime.js"
import { KeyTable } from "../key-table.js"
import { hasOption, isNegated, numberOf, type XtOptions } from "../option.js"

/** `-m connlimit` */
export interface ConnlimitSettings {
  readonly limit: number
  /** `above`: matches beyond the limit; else up to it. */
  readonly above: boolean
  readonly side: "source" | "destination"
  /** Words. */
  readonly mask: readonly number[]
}

/**
 * How many connections of the address, masked, are alive: one list for each, of this rule alone. Counted as nf_conncount does: the dead are dropped when their list is
 * asked again, and connections older than the rule never come in.
 */
export function connlimitStep(settings: ConnlimitSettings, build: Build, family: 4 | 6): Step {
  const { limit, above, mask } = settings
  const counter = build.connectionCounter()
  const words = family === 4 ? 1 : 4
  const lists = new KeyTable(words)
  const key = new Uint32Array(words)
  const isSource = settings.side === "source"
  return (packet, run) => {
    load(packet)
    let list = lists.find(key)
    if (list < 0) list = lists.add(key)
    const outer = run.element
    run.element = list
    const count = counter.count(packet, run)
    run.element = outer
    return count > limit === above ? CONTINUE : BREAK
  }

  function load(packet: Packet): void {
    key[0] = (isSource ? packet.source0 : packet.destination0) & mask[0]!
    if (family === 4) return
    key[1] = (isSource ? packet.source1 : packet.destination1) & mask[1]!
    key[2] = (isSource ? packet.source2 : packet.destination2) & mask[2]!
    key[3] = (isSource ? packet.source3 : packet.destination3) & mask[3]!
  }
}

export function connlimitSettings(options: XtOptions, family: 4 | 6): ConnlimitSettings {
  const name = hasOption(options, "connlimit-above") ? "connlimit-above" : "connlimit-upto"
  const words = family === 4 ? 1 : 4
  return {
    limit: numberOf(options, name, 0),
    above: (name === "connlimit-above") !== isNegated(options, name),
    side: hasOption(options, "connlimit-daddr") ? "destination" : "source",
    mask: maskWords(numberOf(options, "connlimit-mask", words * 32), words),
  }
}
