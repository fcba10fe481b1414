import type { Flow } from "../../../core/event/flow.js"
import { describePacket } from "../../../core/event/from-packet.js"
import { DROPPED, PacketEvent, UNKNOWN } from "../../../core/event/packet-event.js"
import { decode } from "../../../core/packet/decode.js"
import { Packet } from "../../../core/packet/packet.js"
import { protectionKinds } from "../../../core/policy/protections/index.js"
import { type LoggedPacket, openPacketLog } from "../../host/netlink/packet-log.js"
import { done, failed } from "../../host/outcome.js"
import { readInShares } from "./share.js"
import type { EventSource } from "./source.js"

/** LINKTYPE_RAW of https://www.tcpdump.org/linktypes.html: an IP header comes first. */
const LINKTYPE_RAW = 101

/** What the rules of our table log: each packet's prefix names zone, protection and action. `onListing` hears of those whose rule lists its source. */
export function packetSource(
  group: number,
  onListing: (flow: Flow, protection: string) => void = () => {},
): EventSource {
  return {
    name: "nflog",
    reads: `packets that rules log (group ${group})`,
    start({ emit, clock, readiness, topology }) {
      const opened = openPacketLog(group)
      if (failed(opened)) return opened
      const log = opened.value
      const packet = new Packet()
      const event = new PacketEvent()
      let events = 0

      const take = (logged: LoggedPacket) => {
        const words = readPrefix(logged.prefix)
        if (!words) return
        const { bytes } = logged
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        decode(packet, view, 0, bytes.byteLength, wholeLength(view), LINKTYPE_RAW)
        if (packet.family === 0) return
        describePacket(event, packet)
        event.time = clock()
        event.verdict = words.action === "notify" ? UNKNOWN : DROPPED
        event.protection = words.protection
        const ctState = CT_STATES.get(words.protection)
        event.ctState = ctState ?? 0
        event.isSample = words.isSample || ctState === undefined
        topology.placeByDevice(event, logged.inputDevice, logged.outputDevice)
        event.isBroadcast = topology.isBroadcast(event)
        event.isSpoofed = words.protection === "spoofed-source"
        if (words.action === "block") onListing(event, words.protection)
        events++
        emit(event)
      }
      const stop = readInShares(readiness, log.fd, () => log.read(take))
      return done({
        state: "reading",
        get events() {
          return events
        },
        get lost() {
          return log.lost
        },
        stop() {
          stop()
          log.close()
        },
      })
    },
  }
}

/** Bits of `ct state`, by protection: the log itself does not tell it on every kernel (CONFIG_NETFILTER_NETLINK_GLUE_CT). */
const CT_STATES: ReadonlyMap<string, number> = new Map(
  protectionKinds.flatMap(({ name, meetsProbes }) =>
    meetsProbes === undefined ? [] : [[name, meetsProbes === "new" ? 8 : 1] as const],
  ),
)

interface PrefixWords {
  readonly zone: string
  readonly protection: string
  readonly action: string
  readonly isOut: boolean
  /** Of what scanners meet: one of those that are not logged each. */
  readonly isSample: boolean
}

/** Each rule has one prefix, and there are some dozens of them. */
const known = new Map<string, PrefixWords | undefined>()
const KNOWN_MAXIMUM = 4096

/** `floodwall ZONE PROTECTION ACTION[ out][ sample]` (policy/compile-outcome.ts); undefined: somebody else's. */
export function readPrefix(prefix: string): PrefixWords | undefined {
  if (known.has(prefix)) return known.get(prefix)
  const found = /^floodwall (.+) (\S+) (notify|drop|block)( out)?( sample)?$/.exec(prefix)
  const words = found && {
    zone: found[1]!,
    protection: found[2]!,
    action: found[3]!,
    isOut: found[4] !== undefined,
    isSample: found[5] !== undefined,
  }
  if (known.size < KNOWN_MAXIMUM) known.set(prefix, words ?? undefined)
  return words ?? undefined
}

/** How long the packet was, which rules log only the beginning of. */
function wholeLength(view: DataView): number {
  if (view.byteLength < 20) return view.byteLength
  const said = view.getUint8(0) >> 4 === 6 ? 40 + view.getUint16(4) : view.getUint16(2)
  return Math.max(view.byteLength, said)
}
