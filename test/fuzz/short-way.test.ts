import { createHash } from "node:crypto"
import { expect, test } from "vitest"
import { Chance } from "../../scripts/conformance/random/chance.js"
import { families } from "../../scripts/conformance/random/families.js"
import { createEngine, type Engine, type Path } from "../../src/core/engine/engine.js"
import { HashSet } from "../../src/core/engine/sets/hash-set.js"
import type { Settings } from "../../src/core/engine/settings.js"
import type { Trace } from "../../src/core/engine/trace.js"
import { decode } from "../../src/core/packet/decode.js"
import { LINKTYPE_ETHERNET } from "../../src/core/packet/link-type.js"
import { Packet } from "../../src/core/packet/packet.js"
import type { Ruleset } from "../../src/core/ruleset/ruleset.js"
import { laboratoryAddresses, laboratoryInterfaces } from "../../src/linux/demo/agreement.js"

/**
 * Packets of live connections take a short way through the engine (`Engine.judgeLive`) and through rules selected for their class; where somebody watches, all packets go the long way
 * through rules as they stand. Random rules and traffic: both say the same of each packet, and leave the same behind.
 */

const nobody: Trace = { enter() {}, step() {}, verdict() {}, end() {}, policy() {}, kernel() {} }
/** So many of each family; more where somebody asks. */
const CASES = Number(process.env["FLOODWALL_CASES"] ?? 16)
const ETHERNET = 14

interface Sent {
  readonly bytes: Uint8Array
  readonly isOutside: boolean
  readonly time: number
}

/** A case's frames, some of them sent again later, some of those a little changed, and now and then a long rest. */
function disturbed(chance: Chance, frames: readonly { readonly bytes: Uint8Array; readonly side: string }[]) {
  const sent: Sent[] = []
  let time = 0
  const send = (bytes: Uint8Array, isOutside: boolean) => {
    time += chance.below(20) === 0 ? chance.below(2e9) : chance.below(1e6)
    if (chance.below(150) === 0) time += chance.below(400e9)
    sent.push({ bytes, isOutside, time })
  }
  for (const { bytes, side } of frames) {
    send(bytes, side === "outside")
    if (chance.below(2) === 0) continue
    const again = sent[Math.max(0, sent.length - 1 - chance.below(24))]!
    const changed = again.bytes.slice()
    const place = ETHERNET + chance.below(60)
    if (chance.below(3) === 0 && place < changed.length) changed[place] = chance.below(256)
    send(changed, again.isOutside)
  }
  return sent
}

function engineFor(ruleset: Ruleset, conntrack: "on" | "auto", settings: Partial<Settings>): Engine {
  const { engine } = createEngine(ruleset, {
    interfaces: laboratoryInterfaces,
    local: laboratoryAddresses,
    conntrack,
    settings,
    random: () => 0,
  })
  if (engine === null) throw new Error("no engine for these rules")
  return engine
}

function judge(
  engine: Engine,
  packet: Packet,
  { bytes, isOutside, time }: Sent,
  isHost: boolean,
  trace: Trace | null,
) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  decode(packet, view, 0, bytes.length, bytes.length, LINKTYPE_ETHERNET)
  packet.time = time
  const path: Path = isHost ? (isOutside ? "input" : "output") : "forward"
  packet.inputInterface = path === "output" ? 0 : isOutside ? 1 : 2
  packet.outputInterface = path === "input" ? 0 : isOutside || isHost ? (isHost ? 1 : 2) : 1
  const { verdict, chain, rule, ctState, ctDirection, why } = engine.judge(packet, path, trace)
  return `${verdict} ${chain}:${rule} ${ctState}/${ctDirection} ${why} ${packet.ttl}`
}

/** Compared as one text, which is a hundred times as fast as number by number. */
function digest({ buffer }: Int32Array | Float64Array): string {
  return createHash("sha1")
    .update(new Uint8Array(buffer as ArrayBuffer))
    .digest("hex")
}

/** All that an engine remembers: connections with their windows and ends, what rules count and limit, elements of sets. */
function memoryOf(engine: Engine, now: number): unknown {
  const { table, extras } = engine.conntrack
  const accounts: number[] = []
  table.forEach(now, (entry) => accounts.push(entry, extras.packets(entry, 2), extras.bytes(entry, 2)))
  const sets = engine.sets.map(({ set, declaration }) => {
    const elements: string[] = []
    if (set instanceof HashSet) set.forEach(now, (words, expires) => elements.push(`${words} ${expires}`))
    return { name: declaration.name, size: set.size, elements }
  })
  return {
    words: digest(table.words),
    accounts,
    count: table.count,
    sets,
    state: digest(engine["ruleState"]),
  }
}

test.each(families.map(({ name, make }) => ({ name, make })))(
  "the short way of live connections: $name",
  ({ make }) => {
    let short = 0
    let walked = 0
    let packets = 0
    for (let seed = 0; seed < CASES; seed++) {
      const { ruleset, frames, conntrack } = make(seed)
      const chance = new Chance(seed)
      const settings = {
        nf_conntrack_checksum: chance.below(2),
        nf_conntrack_tcp_be_liberal: chance.below(4) === 0 ? 1 : 0,
        nf_conntrack_tcp_max_retrans: chance.below(4),
      }
      const isHost = chance.below(2) === 0
      const plain = engineFor(ruleset, conntrack, settings)
      const watched = engineFor(ruleset, conntrack, settings)
      const judgeLive = plain["judgeLive"].bind(plain)
      plain["judgeLive"] = (packet, path) => {
        const took = judgeLive(packet, path)
        if (took) short++
        return took
      }
      const walkBehind = plain["walkBehind"].bind(plain)
      plain["walkBehind"] = (packet, path, outlooks) => {
        walked++
        return walkBehind(packet, path, outlooks)
      }
      const packet = new Packet()
      let now = 0
      for (const [number, sent] of disturbed(chance, frames).entries()) {
        packets++
        now = sent.time
        const one = judge(plain, packet, sent, isHost, null)
        const other = judge(watched, packet, sent, isHost, nobody)
        if (one !== other)
          expect(`seed ${seed} packet ${number}: ${one}`).toBe(`seed ${seed} packet ${number}: ${other}`)
        // Somebody else fills a set, or empties it.
        if (chance.below(60) !== 0 || plain.sets.length === 0) continue
        const at = chance.below(plain.sets.length)
        const { keyWords } = plain.sets[at]!.set
        const key = Array.from({ length: keyWords }, (_, word) =>
          word === 0 ? packet.source0 : packet.source1,
        )
        const takes = chance.below(2) === 0
        for (const { sets } of [plain, watched]) {
          const { set } = sets[at]!
          if (set instanceof HashSet && set.put(key, now, now + 5e9, undefined) && takes) set.take(key, now)
        }
      }
      expect(memoryOf(plain, now), `seed ${seed}`).toEqual(memoryOf(watched, now))
    }
    expect(short).toBeGreaterThan(packets / 25)
    expect(walked).toBeGreaterThan(packets / 100)
    expect(walked).toBeLessThan(short)
  },
)
