import type { Packet } from "../../../packet/packet.js"
import { BREAK, type Build, CONTINUE, type Step } from "../../runtime.js"
import { jiffiesAt } from "../jiffies.js"
import { hasOption, numberOf, optionOf, textOf, type XtOptions } from "../option.js"
import { RecentTable } from "./recent-table.js"

/** `-m recent` */
export interface RecentSettings {
  readonly name: string
  readonly action: "set" | "rcheck" | "update" | "remove"
  /** `!` before the action. */
  readonly negated: boolean
  /** 0: whenever. */
  readonly seconds: number
  /** 0: one stamp is enough. */
  readonly hitCount: number
  readonly ttl: boolean
  readonly reap: boolean
  readonly side: "source" | "destination"
  /** All four words of it. */
  readonly mask: readonly number[]
}

/**
 * Was the address on the list, and how often of late? `set` and a matching `update` stamp it. A packet that comes to several rules of one list is stamped by each of
 * them: CSF's pair of `set` and `update` stamps a dropped packet twice. The first rule with a name says the list's mask.
 */
export function recentStep(settings: RecentSettings, build: Build, family: 4 | 6): Step {
  const { action, negated, seconds, hitCount, ttl: asksTtl, reap } = settings
  const { table, mask } = build.shared("recent", settings.name, () => ({
    table: new RecentTable(),
    mask: settings.mask,
  }))
  table.reserve(hitCount)
  const load = keyLoader(table.key, settings.side, mask, family)
  const found = negated ? BREAK : CONTINUE
  const missed = negated ? CONTINUE : BREAK
  return (packet, run) => {
    load(packet)
    const now = jiffiesAt(run.now)
    // A router's count down is given back: times to live are compared as they came in.
    const ttl = run.outputInterface !== 0 && run.inputInterface !== 0 ? packet.ttl + 1 : packet.ttl
    const entry = table.find(asksTtl ? ttl : 0)
    if (entry < 0) {
      if (action !== "set") return missed
      table.add(ttl, now)
      return found
    }
    if (action === "set") {
      table.stamp(entry, ttl, now)
      return found
    }
    if (action === "remove") {
      table.remove(entry)
      return found
    }
    const outcome = table.hasHits(entry, hitCount, seconds, now) ? found : missed
    const updates = action === "update" && outcome === CONTINUE
    if (reap) table.reap(seconds, now, updates ? entry : -1)
    if (updates) table.stamp(entry, ttl, now)
    return outcome
  }
}

function keyLoader(
  key: Uint32Array,
  side: RecentSettings["side"],
  mask: readonly number[],
  family: 4 | 6,
): (packet: Packet) => void {
  const isSource = side === "source"
  if (family === 4) {
    const mask0 = mask[0]!
    return (packet) => {
      key[0] = (isSource ? packet.source0 : packet.destination0) & mask0
      key[1] = key[2] = key[3] = 0
      key[4] = 4
    }
  }
  return (packet) => {
    key[0] = (isSource ? packet.source0 : packet.destination0) & mask[0]!
    key[1] = (isSource ? packet.source1 : packet.destination1) & mask[1]!
    key[2] = (isSource ? packet.source2 : packet.destination2) & mask[2]!
    key[3] = (isSource ? packet.source3 : packet.destination3) & mask[3]!
    key[4] = 6
  }
}

const actions = ["set", "rcheck", "update", "remove"] as const

export function recentSettings(options: XtOptions): RecentSettings {
  const action = actions.find((each) => hasOption(options, each)) ?? "rcheck"
  const written = optionOf(options, "mask")
  const mask = written?.value as readonly number[] | undefined
  // A list serves both IP versions. A mask that somebody wrote for IPv4 is zeros behind its first word, and takes all IPv6 addresses of a /32 for one (libxt_recent 1.8.9).
  const rest = written === undefined || written.unsaid === true ? 0xffffffff : 0
  return {
    name: textOf(options, "name", "DEFAULT"),
    action,
    negated: optionOf(options, action)?.negated === true,
    seconds: numberOf(options, "seconds", 0),
    hitCount: numberOf(options, "hitcount", 0),
    ttl: hasOption(options, "rttl"),
    reap: hasOption(options, "reap"),
    side: hasOption(options, "rdest") ? "destination" : "source",
    mask: [0, 1, 2, 3].map((word) => mask?.[word] ?? rest),
  }
}
