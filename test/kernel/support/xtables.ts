import { expect } from "vitest"
import { readIptables } from "../../../src/core/backend/iptables/read.js"
import { printDiagnostic } from "../../../src/core/base/diagnostic.js"
import { createEngine } from "../../../src/core/engine/engine.js"
import { decode } from "../../../src/core/packet/decode.js"
import { LINKTYPE_ETHERNET, LINKTYPE_RAW } from "../../../src/core/packet/link-type.js"
import { Packet } from "../../../src/core/packet/packet.js"
import type { Ruleset } from "../../../src/core/ruleset/ruleset.js"
import { laboratoryAddresses, laboratoryInterfaces } from "../../../src/linux/demo/agreement.js"
import { type CapturedFrame, settle } from "../../../src/linux/host/namespace/frame-capture.js"
import { identify } from "../../../src/linux/host/namespace/identity.js"
import type { Laboratory } from "../../../src/linux/host/namespace/laboratory.js"

/** A frame to send, and from where; `at`: milliseconds after the first, multiples of 4 where rules count in the kernel's ticks. */
export interface TimedPacket {
  readonly bytes: Uint8Array
  readonly at?: number
  readonly side?: "outside" | "inside"
}

/** What one packet met: which rules matched it, in their order, and whether it came to the end of them all. */
export interface Meeting {
  readonly frame: CapturedFrame
  readonly matched: readonly number[]
  readonly reachedEnd: boolean
}

const GROUP = 9
export const END = "end"

/** The rules as iptables-restore reads them: each logs what it matches and goes on, and a last one logs all that is left. */
export function rulesText(
  rules: readonly string[],
  table = "mangle",
  chain = "PREROUTING",
  jump = (number: number) => `-j NFLOG --nflog-group ${GROUP} --nflog-prefix ${number}`,
): string {
  const lines = rules.map((rule, number) => `-A ${chain} ${rule} ${jump(number)}`)
  const end = `-A ${chain} -j NFLOG --nflog-group ${GROUP} --nflog-prefix ${END}`
  return `*${table}\n${lines.join("\n")}\n${end}\nCOMMIT\n`
}

/**
 * The same, by iptables-legacy in the kernel. Packets must differ in what forwarding leaves alone; where rules write on packets, `by` "datagram": in source, protocol or
 * identification (IPv6: flow label).
 */
export function kernelMeetings(
  laboratory: Laboratory,
  family: 4 | 6,
  text: string,
  packets: readonly TimedPacket[],
  by: "packet" | "datagram" = "packet",
): readonly Meeting[] {
  const { firewall } = laboratory
  firewall.run(family === 4 ? "iptables-legacy-restore" : "ip6tables-legacy-restore", [], { input: text })
  const log = firewall.log(GROUP)
  const captures = ["wan0", "lan0"].map((device) => firewall.capture(device))
  const frames: CapturedFrame[] = []
  const met = new Map<number, string[]>()
  const poll = () => {
    for (const capture of captures)
      for (const frame of capture.read()) if (frame.direction === "in") frames.push(frame)
    for (const { prefix, bytes } of log.read()) {
      const key = identify(bytes, LINKTYPE_RAW)![by]
      const prefixes = met.get(key)
      if (prefixes) prefixes.push(prefix)
      else met.set(key, [prefix])
    }
  }
  const begin = midTick()
  while (milliseconds() < begin) poll()
  for (const { bytes, at = 0, side = "outside" } of packets) {
    while (milliseconds() - begin < at) poll()
    laboratory[side].sender("eth0").send([{ bytes }])
    poll()
  }
  settle(40)
  poll()
  if (log.lost() > 0 || captures.some((capture) => capture.lost() > 0))
    throw new Error("the log or a capture has losses")
  return frames
    .sort((one, other) => one.time - other.time)
    .map((frame) => {
      const prefixes = met.get(identify(frame.bytes, LINKTYPE_ETHERNET)![by]) ?? []
      return {
        frame,
        matched: prefixes.filter((prefix) => prefix !== END).map(Number),
        reachedEnd: prefixes.includes(END),
      }
    })
}

/** Linux counts ticks of 4 ms, at whole multiples of the monotonic clock: packets in the middle of one are far from both neighbours. */
function midTick(): number {
  return Math.ceil(milliseconds() / 4) * 4 + 6
}

function milliseconds(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** How the captures' clock stands to the ticks nobody says: eight places are tried. */
const PHASES = [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]

export interface Agreement {
  /** How many packets each rule of the kernel matched. */
  readonly counts: readonly number[]
  /** Packets that a rule of the kernel dropped (there is no target that does). */
  readonly dropped: number
  /** `packet: rule +` where only the kernel's matched, `-` where only the engine's did; `end` for packets that only one of them dropped. */
  readonly differences: readonly string[]
}

/** The same rules in the engine, for the packets as they came to the kernel, and where the two differ. */
export function agreement(
  laboratory: Laboratory,
  family: 4 | 6,
  text: string,
  rules: number,
  meetings: readonly Meeting[],
): Agreement {
  const { ruleset, diagnostics } = readIptables({ path: "rules", text }, family)
  expect(diagnostics.filter(({ severity }) => severity === "error").map(printDiagnostic)).toEqual([])
  let best: readonly string[] | undefined
  for (const phase of PHASES) {
    const ours = engineMeetings(ruleset, meetings, laboratory.epoch, phase)
    const differences = differencesOf(rules, meetings, ours)
    if (best === undefined || differences.length < best.length) best = differences
    if (best.length === 0) break
  }
  return {
    counts: Array.from(
      { length: rules },
      (_, rule) => meetings.filter(({ matched }) => matched.includes(rule)).length,
    ),
    dropped: meetings.filter(({ reachedEnd }) => !reachedEnd).length,
    differences: best ?? [],
  }
}

function differencesOf(
  rules: number,
  kernel: readonly Omit<Meeting, "frame">[],
  engine: readonly Omit<Meeting, "frame">[],
): string[] {
  return kernel.flatMap((one, number) => {
    const other = engine[number]!
    const differing = Array.from({ length: rules }, (_, rule) => rule).filter(
      (rule) => one.matched.includes(rule) !== other.matched.includes(rule),
    )
    return [
      ...differing.map((rule) => `${number}: ${rule} ${one.matched.includes(rule) ? "+" : "-"}`),
      ...(one.reachedEnd === other.reachedEnd ? [] : [`${number}: ${END} ${one.reachedEnd ? "+" : "-"}`]),
    ]
  })
}

function engineMeetings(
  ruleset: Ruleset,
  meetings: readonly Meeting[],
  epoch: number,
  phase: number,
): Omit<Meeting, "frame">[] {
  const prefixes: string[] = []
  const { engine, diagnostics } = createEngine(ruleset, {
    interfaces: laboratoryInterfaces,
    local: laboratoryAddresses,
    random: () => 0,
    epoch,
    onLog: ({ prefix }) => prefixes.push(prefix),
  })
  if (!engine) throw new Error(diagnostics.map(printDiagnostic).join("\n"))
  const packet = new Packet()
  return meetings.map(({ frame: { bytes, device, time, wireLength } }) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    decode(packet, view, 0, bytes.byteLength, wireLength, LINKTYPE_ETHERNET)
    packet.time = time + phase * 1e6
    packet.inputInterface = engine.interfaces.index(device)
    packet.outputInterface = engine.interfaces.index(device === "wan0" ? "lan0" : "wan0")
    prefixes.length = 0
    engine.judge(packet, "forward")
    return {
      matched: prefixes.filter((prefix) => prefix !== END).map(Number),
      reachedEnd: prefixes.includes(END),
    }
  })
}
