import { maskWords } from "../../../base/prefix.js"
import { DCCP, type Packet, SCTP, TCP, UDP, UDPLITE } from "../../../packet/packet.js"
import { BREAK, type Build, CONTINUE, DROP, type Step } from "../../runtime.js"
import { cutShort, hasBytes, transportStart } from "../bytes.js"
import { jiffiesAt } from "../jiffies.js"
import { byteBucket, type HashlimitRate, packetBucket, rateWindow } from "./hashlimit-rate.js"
import { HashlimitTable } from "./hashlimit-table.js"

/** `-m hashlimit`, as iptables hands it to the kernel. */
export interface HashlimitSettings {
  readonly name: string
  /** `above`: matches beyond the limit. */
  readonly above: boolean
  /** In packets: millionths of a second between two. In bytes: what `bytesToCost` makes. */
  readonly average: number
  readonly bytes: boolean
  readonly burst: number
  /** Seconds of `--hashlimit-rate-interval`; 0 without `--hashlimit-rate-match`. */
  readonly rateInterval: number
  readonly sourceAddress: boolean
  readonly sourcePort: boolean
  readonly destinationAddress: boolean
  readonly destinationPort: boolean
  /** Prefix lengths. */
  readonly sourceMask: number
  readonly destinationMask: number
  readonly size: number
  readonly most: number
  /** Milliseconds. */
  readonly expire: number
  readonly collectEvery: number
}

const ESP = 50
const AH = 51

/**
 * A limit for each key. Rules with the same name share one table, and the first of them says how it counts: keys, rate and burst of the others are not looked at
 * (htable_find_get). IPv4 and IPv6 have tables of their own.
 */
export function hashlimitStep(settings: HashlimitSettings, build: Build, family: 4 | 6): Step {
  const shared = build.shared(`hashlimit${family}`, settings.name, () => ({
    table: new HashlimitTable({ ...settings, rate: rateOf(settings), keyWords: family === 4 ? 3 : 9 }),
    load: keyLoader(settings, family),
  }))
  const { table, load } = shared
  const whenWithin = settings.above ? BREAK : CONTINUE
  const whenAbove = settings.above ? CONTINUE : BREAK
  return (packet, run) => {
    const trouble = load(packet, table.key)
    if (trouble !== CONTINUE) return trouble
    const taken = table.take(packet.networkLength, jiffiesAt(run.now))
    return taken < 0 ? DROP : taken === 1 ? whenWithin : whenAbove
  }
}

function rateOf({ average, bytes, burst, rateInterval }: HashlimitSettings): HashlimitRate {
  if (rateInterval > 0) {
    if (!bytes) {
      const rate = Math.floor(1e6 / average)
      return rateWindow(rate, burst + rate, rateInterval, false)
    }
    const rate = (Math.floor(0xffffffff / average) - 1) * 16
    return rateWindow(rate, burst === 0 ? rate : burst * rate, rateInterval, true)
  }
  return bytes ? byteBucket(average, burst) : packetBucket(average, burst)
}

/** Writes the parts of the key that are asked for; the others stay zero. DROP where ports are asked for and cannot be read. */
function keyLoader(settings: HashlimitSettings, family: 4 | 6): (packet: Packet, key: Uint32Array) => number {
  const words = family === 4 ? 1 : 4
  const source = maskWords(settings.sourceAddress ? settings.sourceMask : 0, words)
  const destination = maskWords(settings.destinationAddress ? settings.destinationMask : 0, words)
  const ports = (settings.sourcePort ? 0xffff0000 : 0) | (settings.destinationPort ? 0xffff : 0)
  const portsAt = words * 2
  return (packet, key) => {
    key[0] = packet.source0 & source[0]!
    key[words] = packet.destination0 & destination[0]!
    if (family === 6) {
      key[1] = packet.source1 & source[1]!
      key[2] = packet.source2 & source[2]!
      key[3] = packet.source3 & source[3]!
      key[5] = packet.destination1 & destination[1]!
      key[6] = packet.destination2 & destination[2]!
      key[7] = packet.destination3 & destination[3]!
    }
    if (ports === 0) return CONTINUE
    const offset = portsOffset(packet.protocol)
    if (offset < 0) {
      key[portsAt] = 0
      return CONTINUE
    }
    const at = transportStart(packet) + offset
    if (!hasBytes(packet, at, 4)) return cutShort(packet, at, 4)
    key[portsAt] = packet.view.getUint32(at) & ports
    return CONTINUE
  }
}

/** Where a protocol has its ports, or the number that stands for them (proto_ports_offset). */
function portsOffset(protocol: number): number {
  switch (protocol) {
    case TCP:
    case UDP:
    case DCCP:
    case ESP:
    case SCTP:
    case UDPLITE:
      return 0
    case AH:
      return 4
    default:
      return -1
  }
}
