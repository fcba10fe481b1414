import { maskWords } from "../../../base/prefix.js"
import type { Packet } from "../../../packet/packet.js"
import { BREAK, type Build, CONTINUE, DROP, type Step } from "../../runtime.js"
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

/** Lists that are kept before those without a connection are given up. */
const MOST_LISTS = 65_536

/**
 * How many connections of the address, masked, are alive: one list for each, of this rule alone. Counted as nf_conncount does: the dead are dropped when their list is
 * asked again, and connections older than the rule do not come in, but for a list's first. A list without any drops the packet: the last segments of an address's
 * last connection do not come through (Linux 6.18, measured).
 */
export function connlimitStep(settings: ConnlimitSettings, build: Build, family: 4 | 6): Step {
  const { limit, above, mask } = settings
  const counter = build.connectionCounter()
  const words = family === 4 ? 1 : 4
  const lists = new KeyTable(words)
  const key = new Uint32Array(words)
  const isSource = settings.side === "source"
  let most = MOST_LISTS
  return (packet, run) => {
    load(packet)
    let list = lists.find(key)
    const isFirst = list < 0
    if (isFirst) {
      if (lists.count >= most) giveUpIdle(run.now)
      list = lists.add(key)
    }
    const outer = run.element
    run.element = list
    const count = counter.count(packet, run, isFirst)
    run.element = outer
    if (count <= 0) return DROP
    return count > limit === above ? CONTINUE : BREAK
  }

  /** All are looked at, so not before there are twice as many as stayed: a flood from forged addresses leaves none to give up. */
  function giveUpIdle(now: number): void {
    for (let list = lists.oldest; list >= 0; ) {
      const following = lists.after(list)
      if (counter.giveUp(list, now)) lists.remove(list)
      list = following
    }
    most = Math.max(MOST_LISTS, 2 * lists.count)
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
