import { maskWords } from "../../../base/prefix.js"
import { DCCP, type Packet, SCTP, TCP, UDP, UDPLITE } from "../../../packet/packet.js"
import { BREAK, type Build, CONTINUE, DROP, type Step } from "../../runtime.js"
import { cutShort, hasBytes, transportStart } from "../bytes.js"
import { jiffiesAt } from "../jiffies.js"
import { hasOption, isNegated, numberOf, optionOf, textOf, type XtOptions } from "../option.js"
import { byteBucket, costToBytes, type HashlimitRate, packetBucket, rateWindow } from "./hashlimit-rate.js"
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
    // IPv6 without a header behind: the kernel looks for ports, finds none, and drops the packet.
    if (packet.family === 6 && packet.protocol === NO_NEXT_HEADER) return DROP
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

const NO_NEXT_HEADER = 59

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

type Amount = readonly ["packets" | "bytes", number]

// XT_HASHLIMIT_HASH_* bits.
const DESTINATION_ADDRESS = 1
const SOURCE_ADDRESS = 2
const DESTINATION_PORT = 4
const SOURCE_PORT = 8

const DEFAULT_BURST = 5
/** Milliseconds that an idle entry stays where bytes are counted: without a burst, and with one (measured, iptables 1.8.9). */
const BYTE_EXPIRY = 15_000
const BYTE_BURST_EXPIRY = 60_000

/** `packetExpiry`: milliseconds that an idle entry stays unless told, where packets are counted. */
export function hashlimitSettings(
  options: XtOptions,
  family: 4 | 6,
  packetExpiry: number,
): HashlimitSettings {
  const name = hasOption(options, "hashlimit-above") ? "hashlimit-above" : "hashlimit-upto"
  const [unit, average] = (optionOf(options, name)?.value ?? ["packets", 0]) as Amount
  const burst = optionOf(options, "hashlimit-burst")?.value as Amount | undefined
  const mode = numberOf(options, "hashlimit-mode", 0)
  const bits = family === 4 ? 32 : 128
  const isBytes = unit === "bytes"
  const expiry = !isBytes ? packetExpiry : burst ? BYTE_BURST_EXPIRY : BYTE_EXPIRY
  return {
    name: textOf(options, "hashlimit-name", ""),
    above: (name === "hashlimit-above") !== isNegated(options, name),
    average,
    bytes: isBytes,
    burst: isBytes ? (burst ? Math.ceil(burst[1] / costToBytes(average)) : 0) : (burst?.[1] ?? DEFAULT_BURST),
    rateInterval: hasOption(options, "hashlimit-rate-match")
      ? numberOf(options, "hashlimit-rate-interval", 1)
      : 0,
    sourceAddress: (mode & SOURCE_ADDRESS) !== 0,
    sourcePort: (mode & SOURCE_PORT) !== 0,
    destinationAddress: (mode & DESTINATION_ADDRESS) !== 0,
    destinationPort: (mode & DESTINATION_PORT) !== 0,
    sourceMask: numberOf(options, "hashlimit-srcmask", bits),
    destinationMask: numberOf(options, "hashlimit-dstmask", bits),
    size: numberOf(options, "hashlimit-htable-size", 0),
    most: numberOf(options, "hashlimit-htable-max", 0),
    expire: numberOf(options, "hashlimit-htable-expire", expiry),
    collectEvery: numberOf(options, "hashlimit-htable-gcinterval", 1000),
  }
}
