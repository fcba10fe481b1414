import { settle } from "../../../src/linux/host/namespace/frame-capture.js"
import { createLaboratory, type Laboratory } from "../../../src/linux/host/namespace/laboratory.js"
import { createReferee, type Referee } from "../../../src/linux/host/namespace/referee.js"
import type { Case, Load } from "./case.js"
import { type Judged, judge } from "./judge.js"
import type { TrafficFrame } from "./traffic.js"

/** What a case came to. */
export interface Outcome {
  /** Why the kernel's tool refused the rules; then there is nothing else. */
  readonly refused: string | null
  /** Why there is no engine for them. */
  readonly unreadable: string | null
  readonly judged: readonly Judged[]
  /** Packets that are not compared: they cannot be told from one another. */
  readonly left: number
  /** Rules, how many matched something in the kernel, and those whose counters are not the same. */
  readonly rules: {
    readonly all: number
    readonly matched: number
    readonly different: readonly CounterDifference[]
  }
}

export interface CounterDifference {
  readonly rule: string
  readonly kernel: number
  readonly engine: number
}

/** Runs a case in a laboratory of its own. */
export function runCase(one: Case): Outcome {
  const laboratory = createLaboratory()
  try {
    return runIn(laboratory, one)
  } finally {
    laboratory.close()
  }
}

/** Which of the two programs called iptables loads the rules. */
function usesNft(loads: readonly Load[]): boolean {
  return loads.some(({ command }) => command.includes("tables-nft"))
}

const nothing = { judged: [], left: 0, rules: { all: 0, matched: 0, different: [] } }

function runIn(laboratory: Laboratory, one: Case): Outcome {
  const { firewall } = laboratory
  // The laboratory's own answers would be limited, and stand where nobody looks for them.
  firewall.namespace.sysctl("net/ipv4/icmp_ratelimit", 0)
  firewall.namespace.sysctl("net/ipv6/icmp/ratelimit", 0)
  // The devices' own groups are told of once, some milliseconds after they came up; no rule shall count that.
  settle(60)
  for (const load of one.loads) {
    const refused = loadRules(laboratory, load)
    if (refused !== null) return { refused, unreadable: null, ...nothing }
  }
  const referee = createReferee(laboratory, {
    conntrack: one.conntrack === "on",
    entrances: true,
    megabytes: 8,
  })
  send(laboratory, one.frames, referee)
  const arrivals = referee.finish()
  const kernelCounts = readCounters(laboratory, one.loads)
  try {
    const { judged, counts, left } = judge(one.ruleset, arrivals, one.conntrack, usesNft(one.loads))
    const different: CounterDifference[] = []
    let matched = 0
    for (const [rule, kernel] of kernelCounts) {
      if (kernel > 0) matched++
      const engine = counts.get(rule) ?? 0
      if (engine !== kernel) different.push({ rule, kernel, engine })
    }
    return {
      refused: null,
      unreadable: null,
      judged,
      left,
      rules: { all: kernelCounts.size, matched, different },
    }
  } catch (failure) {
    return { refused: null, unreadable: String(failure), ...nothing }
  }
}

function loadRules({ firewall }: Laboratory, { command, text }: Load): string | null {
  const parameters = command === "nft" ? ["-f", "-"] : []
  const { status, stderr } = firewall.run(command, parameters, { input: text, fails: "allowed" })
  return status === 0 ? null : stderr.trim()
}

function send(laboratory: Laboratory, frames: readonly TrafficFrame[], referee: Referee): void {
  for (const [index, { side, bytes, wait }] of frames.entries()) {
    if (wait > 0 && index > 0) {
      settle(wait)
      referee.poll()
    }
    laboratory[side].sender("eth0").send([{ bytes }])
    if (index % 64 === 63) referee.poll()
  }
}

interface ListedRule {
  readonly family: string
  readonly table: string
  readonly chain: string
  readonly expr?: readonly { readonly counter?: { readonly packets: number } | null }[]
}

/** Packets of each rule's counter, by `family table chain index`, as the tools that loaded the rules list them. */
function readCounters({ firewall }: Laboratory, loads: readonly Load[]): ReadonlyMap<string, number> {
  const counters = new Map<string, number>()
  for (const { command } of loads) {
    const list =
      command === "nft" ? ["nft", "-j", "list", "ruleset"] : [command.replace("restore", "save"), "-c"]
    const { stdout } = firewall.run(list[0]!, list.slice(1))
    if (command === "nft") readNftCounters(stdout, counters)
    else readIptablesCounters(stdout, command.startsWith("ip6") ? "ip6" : "ip", counters)
  }
  return counters
}

function readNftCounters(listing: string, counters: Map<string, number>): void {
  const places = new Map<string, number>()
  const { nftables } = JSON.parse(listing) as { nftables: readonly { readonly rule?: ListedRule }[] }
  for (const { rule } of nftables) {
    if (!rule || rule.table === "referee" || rule.table === "entrances") continue
    const chain = `${rule.family} ${rule.table} ${rule.chain}`
    const place = places.get(chain) ?? 0
    places.set(chain, place + 1)
    const counter = rule.expr?.find((each) => each.counter !== undefined)?.counter
    if (counter) counters.set(`${chain} ${place}`, counter.packets)
  }
}

/** Save text with counters: `*table`, then `[packets:bytes] -A chain …`. */
function readIptablesCounters(listing: string, family: string, counters: Map<string, number>): void {
  const places = new Map<string, number>()
  let table = ""
  for (const line of listing.split("\n")) {
    if (line.startsWith("*")) table = line.slice(1)
    const match = /^\[(\d+):\d+\] -A (\S+)/.exec(line)
    if (!match) continue
    const chain = `${family} ${table} ${match[2]}`
    const place = places.get(chain) ?? 0
    places.set(chain, place + 1)
    counters.set(`${chain} ${place}`, Number(match[1]))
  }
}
