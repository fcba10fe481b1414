import { createEngine, type Engine, type EngineOptions } from "../../../src/core/engine/engine.js"
import { RTN_UNICAST } from "../../../src/core/engine/routes.js"
import { ctStateName } from "../../../src/core/engine/verdict.js"
import { buildPacket } from "../../../src/core/packet/build.js"
import { decode } from "../../../src/core/packet/decode.js"
import type { PacketDescription } from "../../../src/core/packet/description.js"
import { LINKTYPE_RAW } from "../../../src/core/packet/link-type.js"
import { Packet } from "../../../src/core/packet/packet.js"
import type { Hook } from "../../../src/core/ruleset/hook.js"
import type { Chain, Ruleset } from "../../../src/core/ruleset/ruleset.js"
import { laboratoryAddresses, laboratoryInterfaces } from "../../../src/linux/demo/agreement.js"
import {
  type CapturedFrame,
  type FrameCapture,
  settle,
} from "../../../src/linux/host/namespace/frame-capture.js"
import type { Laboratory } from "../../../src/linux/host/namespace/laboratory.js"
import type { PacketLog } from "../../../src/linux/host/namespace/packet-log.js"

/**
 * What each packet looks like at the end of each hook, in the kernel and in the engine: its bytes from the IP header on, its conntrack
 * state and status. The kernel goes first, so that a test can answer what it saw; then the engine gets what came to the kernel's first hooks, in that order.
 */
export class HookOracle {
  /** In the order in which the kernel took them. */
  readonly packets: Seen[] = []
  private readonly laboratory: Laboratory
  private readonly log: PacketLog
  private readonly captures: readonly FrameCapture[]
  private readonly arrived: CapturedFrame[] = []
  private tag = 0

  constructor(laboratory: Laboratory, nft: string) {
    this.laboratory = laboratory
    // A word to a sender on the same wire would come between two hooks of its packet.
    for (const device of ["all", "lan0", "wan0"])
      laboratory.firewall.namespace.sysctl(`net/ipv4/conf/${device}/send_redirects`, 0)
    if (nft !== "") laboratory.firewall.nft(nft)
    laboratory.firewall.nft(watching())
    this.log = laboratory.firewall.log(GROUP)
    this.captures = ["wan0", "lan0"].map((device) => laboratory.firewall.capture(device, { megabytes: 8 }))
  }

  /** Sends packets of one side, in order, and says what became of them. */
  send(side: "outside" | "inside", descriptions: readonly PacketDescription[]): readonly Seen[] {
    const sent = this.packets.length
    const frames = descriptions.map((description) => {
      const tag = ++this.tag
      return { bytes: buildPacket({ identification: tag & 0xffff, flowLabel: tag, ...description }) }
    })
    const device = side === "outside" ? "wan0" : "lan0"
    this.device = device
    for (let at = 0; at < frames.length; at += 16) {
      this.laboratory[side].sender("eth0").send(frames.slice(at, at + 16), { batch: 16 })
      this.read()
    }
    settle(30)
    this.read()
    if (this.log.lost() > 0) throw new Error("the packet log has losses")
    return this.packets.slice(sent)
  }

  private device = ""

  /** Lets the kernel say what it has to say by itself, after a pause. */
  wait(milliseconds: number): void {
    settle(milliseconds)
    this.read()
  }

  private read(): void {
    for (const capture of this.captures)
      for (const frame of capture.read()) if (frame.direction === "in") this.arrived.push(frame)
    for (const { prefix, bytes } of this.log.read()) {
      const [place = "", word = ""] = prefix.split(" ")
      if (place === "arrives" || place === "begins") {
        const time = (Date.now() - this.laboratory.epoch * 1000) * 1e6
        this.packets.push({
          bytes: bytes.slice(),
          device: place === "begins" ? "" : this.device || deviceOf(bytes),
          time,
          places: [],
        })
        continue
      }
      const packet = this.packets.at(-1)
      if (!packet) continue
      const last = packet.places.at(-1)
      if (word in statusBits && last?.place === place) {
        last.status |= statusBits[word]!
        continue
      }
      packet.places.push({ place, state: word, status: 0, bytes: hex(bytes) })
    }
  }

  /** When each came, by the kernel's clock; what was read says only when this process came to it, which on a busy machine is later. */
  private stamp(): void {
    settle()
    this.read()
    if (this.captures.some((capture) => capture.lost() > 0)) throw new Error("a capture has losses")
    const next = new Map(this.captures.map(({ device }) => [device, 0]))
    for (const packet of this.packets) {
      if (packet.device === "") continue
      const from = next.get(packet.device) ?? 0
      const at = this.arrived.findIndex(
        ({ device, bytes }, index) =>
          index >= from && device === packet.device && isFrameOf(bytes, packet.bytes),
      )
      // What this host says to itself comes by no wire.
      if (at < 0) continue
      packet.time = this.arrived[at]!.time
      next.set(packet.device, at + 1)
    }
    // What the firewall says itself was said before what came next.
    let following = Number.POSITIVE_INFINITY
    for (const packet of this.packets.toReversed()) {
      packet.time = Math.min(packet.time, following)
      following = packet.time
    }
  }

  /**
   * The same packets through the engine. `hint` may foretell chance: it gets the
   * packet as the kernel sent it on. `states of others`: what the firewall itself sends is left out, and, as with `states`, only those are compared.
   */
  compare(
    ruleset: Ruleset,
    options: Partial<EngineOptions> = {},
    hint?: (kernel: Seen) => number,
    what: "all" | "states" | "states of others" = "all",
  ): { readonly compared: number; readonly differences: readonly string[]; readonly engine: Engine } {
    let current: Seen | undefined
    const seen: Place[] = []
    const { engine, diagnostics } = createEngine(
      { tables: [...ruleset.tables, watchTable] },
      {
        interfaces: laboratoryInterfaces,
        local: laboratoryAddresses,
        conntrack: "on",
        random: (below) => (hint && current ? hint(current) : 0) % below,
        ...options,
        onLog(node, packet, run) {
          seen.push({
            place: node.prefix,
            state: ctStateName(run.ctState) ?? "",
            status: (run.connection?.status ?? 0) & knownBits,
            bytes: bytesOf(packet),
          })
        },
      },
    )
    if (engine === null) throw new Error(diagnostics.map(({ message }) => message).join("; "))
    this.stamp()
    const differences: string[] = []
    const packet = new Packet()
    let compared = 0
    const show = what === "all" ? print : ({ place, state }: Place) => `${place} ${state}`
    for (const one of this.packets) {
      if (what === "states of others" && one.device === "") continue
      compared++
      current = one
      seen.length = 0
      const { bytes, device, time } = one
      decode(packet, new DataView(bytes.buffer, 0, bytes.length), 0, bytes.length, bytes.length, LINKTYPE_RAW)
      packet.time = time
      packet.inputInterface = device === "" ? 0 : engine.interfaces.index(device)
      const isLocal = engine.routes.addressType(packet, "destination") !== RTN_UNICAST
      packet.outputInterface = isLocal ? 0 : engine.routes.interfaceTo(packet, "destination")
      const { why } = engine.judge(packet, device === "" ? "output" : isLocal ? "input" : "forward")
      const mine = device === "" ? withoutChecksum : same
      const kernel = one.places.map((place) => show(mine(place))).join("\n  ")
      const ours = seen.map((place) => show(mine(place))).join("\n  ")
      if (kernel !== ours)
        differences.push(`${hex(bytes)}\n kernel\n  ${kernel}\n engine ${why}\n  ${ours}\n`)
    }
    return { compared, differences, engine }
  }
}

export interface Seen {
  /** As it came to the first hook, from the IP header on. */
  readonly bytes: Uint8Array
  /** Where it arrived; "": the firewall's own. */
  readonly device: string
  /** Nanoseconds since the laboratory's epoch. */
  time: number
  readonly places: Place[]
}

export interface Place {
  readonly place: string
  readonly state: string
  status: number
  readonly bytes: string
}

/** The frame's header is Ethernet's, and behind the packet there may be padding. */
function isFrameOf(frame: Uint8Array, packet: Uint8Array): boolean {
  return packet.every((byte, index) => frame[14 + index] === byte)
}

/** What the packet was like at the last hook that saw it, decoded; undefined: none did. */
export function lastOf({ places }: Seen): Packet | undefined {
  const last = places.at(-1)
  if (!last) return undefined
  const bytes = Uint8Array.from(Buffer.from(last.bytes, "hex"))
  const packet = new Packet()
  decode(packet, new DataView(bytes.buffer), 0, bytes.length, bytes.length, LINKTYPE_RAW)
  return packet
}

const GROUP = 9
const FIRST = -2_000_000_000
const LAST = 2_000_000_000
const ends: readonly Hook[] = ["prerouting", "input", "forward", "output", "postrouting"]
const states = ["new", "established", "related", "invalid", "untracked"]
const statusBits: Readonly<Record<string, number>> = {
  "seen-reply": 2,
  assured: 4,
  confirmed: 8,
  snat: 16,
  dnat: 32,
}
const knownBits = 62

function watching(): string {
  const chain = (name: string, hook: string, place: number, rules: readonly string[]) =>
    `chain ${name} {\n type filter hook ${hook} priority ${place}\n ${rules.join("\n ")}\n}`
  const log = (prefix: string) => `log prefix "${prefix}" group ${GROUP}`
  const asks = (hook: string) => [
    ...states.map((state) => `ct state ${state} ${log(`${hook} ${state}`)}`),
    ...Object.keys(statusBits).map((bit) => `ct status ${bit} ${log(`${hook} ${bit}`)}`),
  ]
  return `table inet watch {
    ${chain("arrives", "prerouting", FIRST, [log("arrives")])}
    ${chain("begins", "output", FIRST, [log("begins")])}
    ${ends.map((hook) => chain(hook, hook, LAST, asks(hook))).join("\n")}
  }`
}

const watchTable = {
  family: "inet" as const,
  name: "watch",
  sets: [],
  chains: ends.map(
    (hook): Chain => ({
      name: hook,
      base: { type: "filter", hook, priority: LAST, policy: "accept" },
      rules: [
        {
          steps: [{ step: "log", prefix: hook, group: GROUP }],
          origin: { span: { file: "watch", line: 1, column: 1 }, text: "" },
        },
      ],
    }),
  ),
}

function bytesOf(packet: Packet): string {
  const { view, networkOffset, frameOffset, capturedLength } = packet
  const start = view.byteOffset + networkOffset
  const length = frameOffset + capturedLength - networkOffset
  return hex(new Uint8Array(view.buffer, start, length))
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex")
}

/** Where a packet of a live host arrives, by its source. */
function deviceOf(bytes: Uint8Array): string {
  const source = hex(bytes[0]! >>> 4 === 4 ? bytes.subarray(12, 16) : bytes.subarray(8, 24))
  return source.startsWith("c63364") || source.startsWith("20010db80002") ? "lan0" : "wan0"
}

const same = (place: Place): Place => place

/** What the host itself sends gets its checksum from the device, behind all hooks. */
function withoutChecksum(place: Place): Place {
  const { bytes } = place
  const isSix = bytes.startsWith("6")
  const protocol = Number.parseInt(isSix ? bytes.slice(12, 14) : bytes.slice(18, 20), 16)
  const at = (isSix ? 80 : 40) + (protocol === 6 ? 32 : protocol === 17 ? 12 : -1)
  if (protocol !== 6 && protocol !== 17) return place
  return { ...place, bytes: `${bytes.slice(0, at)}....${bytes.slice(at + 4)}` }
}

/** The kernel counts a forwarded packet's life down, and mends the header's checksum for it: not compared. */
function print({ place, state, status, bytes }: Place): string {
  const isForwarded = place === "forward" || place === "postrouting"
  const shown = !isForwarded
    ? bytes
    : bytes.startsWith("4")
      ? `${bytes.slice(0, 16)}..${bytes.slice(18, 20)}....${bytes.slice(24)}`
      : `${bytes.slice(0, 14)}..${bytes.slice(16)}`
  return `${place} ${state} ${status} ${shown}`
}
