import { type Address, printAddress } from "../base/address.js"
import type { Packet } from "../packet/packet.js"
import type { Rule, SetDeclaration, Table } from "../ruleset/ruleset.js"
import type { Run } from "../ruleset/runtime.js"
import { invalidReasons } from "./conntrack/invalid.js"
import type { Engine } from "./engine.js"
import { FrequentAddresses } from "./frequent.js"
import { printTime, type RuleReference, ruleReference } from "./reference.js"
import {
  type CtStateName,
  ctStateName,
  type Judgement,
  VERDICT_ACCEPT,
  VERDICT_DROP,
  VERDICT_REJECT,
  type VerdictName,
  verdictNames,
} from "./verdict.js"
import { type ChecksumSummary, WrongChecksums } from "./wrong-checksums.js"

/** The last line of `replay --json`. */
export interface ReplaySummary {
  readonly packets: number
  readonly verdicts: Readonly<Record<VerdictName, number>>
  readonly ctstates: Readonly<Record<CtStateName, number>>
  /** Rules and policies that gave a final verdict, the most frequent first. */
  readonly rules: readonly {
    readonly rule: RuleReference
    readonly verdict: VerdictName
    readonly packets: number
  }[]
  /** Dropped and rejected packets by the protection that asked for the rule, the most frequent first. */
  readonly protections: readonly { readonly protection: string; readonly packets: number }[]
  /** Packets that a protection counted and let go on (`notify`), the most frequent first. */
  readonly noticed: readonly { readonly protection: string; readonly packets: number }[]
  /** Sources of dropped and rejected packets, the most frequent first. */
  readonly sources: readonly { readonly source: string; readonly packets: number }[]
  /** Who would have been put on a list, in order of time. */
  readonly blocked: readonly BlockedSource[]
  /** How many would have been listed; `blocked` holds the first 10,000. */
  readonly blockedCount: number
  /** Packets by why no rule saw them, or why conntrack calls them invalid. */
  readonly reasons: readonly { readonly why: string; readonly packets: number }[]
  /** Packets whose transport checksum is wrong; captures of a sending host hold many, because its card fills them in. */
  readonly badChecksums: number
  /** What is known of them. */
  readonly checksums: ChecksumSummary
  /** The address that most packets are from or to, and its share of them (0 to 1); null without packets. */
  readonly mostFrequent: { readonly address: string; readonly share: number } | null
}

export interface BlockedSource {
  readonly set: string
  readonly source: string
  readonly time: string
  /** Null: for ever. */
  readonly until: string | null
  readonly rule: string
  readonly protection: string | null
}

const MOST_BLOCKED = 10_000
const MOST_SOURCES = 20
/** Of the first packets all are looked at, of the others one in so many. */
const LOOKED_AT = 4096
const SAMPLED = 16
const VERDICTS = verdictNames.length
/** Above the highest bit of `ct state`. */
const STATES = 65
const BY_CHECKSUM = "checksum"

/** Counts what a replay finds, in constant memory. */
export class ReplayTally {
  private packets = 0
  /** By verdict, then by the bit of `ct state`. */
  private readonly judged = new Float64Array(VERDICTS * STATES)
  /** Those of a chain begin at its place in `chainStarts`: by (rule + 1) * verdicts + verdict; rule -1 is the policy. */
  private rules = new Float64Array(0)
  private chainStarts: Int32Array = new Int32Array(0)
  private readonly dropped = new FrequentAddresses()
  private readonly ends = new FrequentAddresses()
  private looked = 0
  private readonly checksums = new WrongChecksums()
  private readonly reasons = new Map<string, number>()
  private readonly blocked: BlockedSource[] = []
  private readonly listed = new Set<string>()
  private blockedCount = 0
  private seconds = 0
  private nanoseconds = 0

  begin(engine: Engine): void {
    const places = engine.chains.map(({ rules }) => (rules.length + 1) * VERDICTS)
    let room = 0
    this.chainStarts = Int32Array.from(places, (length) => {
      room += length
      return room - length
    })
    this.rules = new Float64Array(room)
  }

  /** The instant that the engine's time counts from. */
  start(seconds: number, nanoseconds: number): void {
    this.seconds = seconds
    this.nanoseconds = nanoseconds
  }

  count(judgement: Judgement, packet: Packet): void {
    const { verdict, chain, rule, why } = judgement
    this.packets++
    this.judged[verdict * STATES + judgement.ctState]! += 1
    if (chain >= 0) this.rules[this.chainStarts[chain]! + (rule + 1) * VERDICTS + verdict]! += 1
    if (why !== "") this.reasons.set(why, (this.reasons.get(why) ?? 0) + 1)
    if (packet.family === 0) return
    if (why === BY_CHECKSUM) this.checksums.add(packet)
    const { family } = packet
    if (verdict === VERDICT_DROP || verdict === VERDICT_REJECT)
      this.dropped.add(family, packet.source0, packet.source1, packet.source2, packet.source3)
    if (this.packets > LOOKED_AT && this.packets % SAMPLED !== 0) return
    this.looked++
    this.end(family, packet.source0, packet.source1, packet.source2, packet.source3)
    this.end(family, packet.destination0, packet.destination1, packet.destination2, packet.destination3)
  }

  private end(family: 4 | 6, word0: number, word1: number, word2: number, word3: number): void {
    if (isOneHost(family, word0, word1, word2, word3)) this.ends.add(family, word0, word1, word2, word3)
  }

  /** A rule put an element into a set. */
  added(table: Table, set: SetDeclaration, words: Uint32Array, expires: number, run: Run, rule: Rule): void {
    if (!keepsLedger(set, rule)) return
    const source = printKey(set, words)
    if (source === "") return
    const key = `${table.name} ${set.name} ${source}`
    if (this.listed.has(key)) return
    this.blockedCount++
    if (this.blocked.length === MOST_BLOCKED) return
    this.listed.add(key)
    this.blocked.push({
      set: set.name,
      source,
      time: this.print(run.now),
      until: Number.isFinite(expires) ? this.print(expires) : null,
      rule: rule.origin.text,
      protection: rule.origin.protection ?? null,
    })
  }

  /** Accepted packets by the bit of `ct state`. */
  accepted(): Float64Array {
    return this.judged.slice(VERDICT_ACCEPT * STATES, (VERDICT_ACCEPT + 1) * STATES)
  }

  private sum(isMeant: (verdict: number, state: number) => boolean): number {
    return this.judged.reduce(
      (sum, packets, at) => (isMeant(Math.floor(at / STATES), at % STATES) ? sum + packets : sum),
      0,
    )
  }

  summary(engine: Engine): ReplaySummary {
    const rules: { rule: RuleReference; verdict: VerdictName; packets: number }[] = []
    const protections = new Map<string, number>()
    this.chainStarts.forEach((start, chain) => {
      const counts = this.rules.subarray(start, this.chainStarts[chain + 1] ?? this.rules.length)
      counts.forEach((packets, index) => {
        if (packets === 0) return
        const reference = ruleReference(engine, chain, Math.floor(index / VERDICTS) - 1)!
        const verdict = verdictNames[index % VERDICTS]!
        rules.push({ rule: reference, verdict, packets })
        const protection = reference.origin?.protection
        if (protection !== undefined && verdict !== "accept")
          protections.set(protection, (protections.get(protection) ?? 0) + packets)
      })
    })
    const byPackets = (left: { packets: number }, right: { packets: number }) => right.packets - left.packets
    const most = this.ends.top(1)[0]
    return {
      packets: this.packets,
      verdicts: Object.fromEntries(
        verdictNames.map((name, verdict) => [name, this.sum((each) => each === verdict)]),
      ) as Record<VerdictName, number>,
      ctstates: Object.fromEntries(
        [1, 2, 4, 8, 64].map((bit) => [ctStateName(bit)!, this.sum((_verdict, state) => state === bit)]),
      ) as Record<CtStateName, number>,
      rules: rules.sort(byPackets),
      protections: [...protections].map(([protection, packets]) => ({ protection, packets })).sort(byPackets),
      noticed: noticedBy(engine),
      sources: this.dropped
        .top(MOST_SOURCES)
        .map(({ address, count }) => ({ source: address, packets: count })),
      blocked: this.blocked,
      blockedCount: this.blockedCount,
      reasons: [...this.reasons].map(([why, packets]) => ({ why, packets })).sort(byPackets),
      badChecksums: this.reasons.get(BY_CHECKSUM) ?? 0,
      checksums: this.checksums.summary(),
      mostFrequent:
        most === undefined ? null : { address: most.address, share: Math.min(1, most.count / this.looked) },
    }
  }

  /** Engine time as a date. */
  private print(time: number): string {
    const total = this.nanoseconds + time
    const seconds = Math.floor(total / 1e9)
    return printTime(this.seconds + seconds, total - seconds * 1e9)
  }
}

/** Neither multicast, broadcast nor unspecified: it may be somebody's own. */
function isOneHost(family: 4 | 6, word0: number, word1: number, word2: number, word3: number): boolean {
  if (family === 4) return word0 !== 0 && word0 >>> 28 < 14
  return word0 >>> 24 !== 0xff && (word0 | word1 | word2 | word3) !== 0
}

/** By protection: what the rules have counted that only count. */
function noticedBy(engine: Engine): ReplaySummary["noticed"] {
  const noticed = new Map<string, number>()
  engine.chains.forEach(({ rules }, chain) => {
    rules.forEach(({ rule }, index) => {
      const packets = engine.counted(chain, index)
      const { protection } = rule.origin
      if (packets && protection !== undefined)
        noticed.set(protection, (noticed.get(protection) ?? 0) + packets)
    })
  })
  return [...noticed]
    .map(([protection, packets]) => ({ protection, packets }))
    .sort((left, right) => right.packets - left.packets)
}

/** Whether what a rule adds to a set is told of. */
export function keepsLedger(set: SetDeclaration, rule: Rule): boolean {
  return set.keeps === "ledger" || (set.keeps === undefined && isList(set, rule))
}

/** Without a policy's word for it: a set that rules fill, whose elements end, and that carries no limits. */
function isList(set: SetDeclaration, rule: Rule): boolean {
  if (
    rule.origin.protection !== undefined ||
    !(set.flags.includes("dynamic") || set.flags.includes("timeout"))
  )
    return false
  if (set.statements !== undefined && set.statements.length > 0) return false
  return rule.steps.some(
    (step) => step.step === "set-update" && step.set === set.name && (step.statements?.length ?? 0) === 0,
  )
}

/** The address in a key; an IPv6 network cut to 64 bits is printed with its length. */
function printKey(set: SetDeclaration, words: Uint32Array): string {
  const type = set.key[0]
  if (type === "ipv4_addr") return printAddress({ family: 4, words: [words[0]!] })
  if (type !== "ipv6_addr") return ""
  const address: Address = { family: 6, words: [words[0]!, words[1]!, words[2]!, words[3]!] }
  return words[2] === 0 && words[3] === 0 ? `${printAddress(address)}/64` : printAddress(address)
}

/** The sentence behind a reason that conntrack gave, or "". */
export function reasonSentence(why: string): string {
  return invalidReasons.find(({ name }) => name === why)?.sentence ?? ""
}
