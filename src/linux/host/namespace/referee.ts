import { LINKTYPE_ETHERNET, LINKTYPE_RAW } from "../../../core/packet/link-type.js"
import { type CapturedFrame, type FrameCapture, settle } from "./frame-capture.js"
import { type Identity, identify } from "./identity.js"
import type { Laboratory } from "./laboratory.js"
import { libc } from "./libc.js"
import type { PacketLog } from "./packet-log.js"

/** Ends of hooks where the referee looks, and the wire that a forwarded packet leaves on. */
export type Place = "prerouting" | "input" | "forward" | "output" | "postrouting" | "wire"

export type State = "new" | "established" | "related" | "invalid" | "untracked"

/** What the kernel did with one packet. */
export interface Ruling {
  /** Where it was still alive, at the end of the hook; a packet that nobody dropped is seen at prerouting and input, or prerouting, forward, postrouting and wire. */
  readonly passed: ReadonlySet<Place>
  /** Hooks at whose beginning it was seen (`entrances`): between the beginning and the end a rule dropped it; between an end and the next beginning the kernel itself. */
  readonly entered: ReadonlySet<Place>
  /** Conntrack's word at the end of prerouting; null where it did not get there, or where the referee was told not to ask. */
  readonly state: State | null
  /** Another packet of the same bytes fared otherwise; which of the two did is a guess (the first that came). */
  readonly ambiguous: boolean
}

/** A packet that came to the firewall, or that the firewall itself sent. */
export interface Arrival {
  readonly frame: CapturedFrame
  /** The firewall itself sent it. */
  readonly own: boolean
  /**
   * Null for what is not IP, and for packets that the firewall itself sent: rules that stop those cannot be seen on the wire. With `entrances` those are known from the
   * output hook, whatever became of them.
   */
  readonly ruling: Ruling | null
}

export interface Referee {
  /** Reads what came; to be called while much is sent. */
  poll(): void
  /** Everything since the referee began, in the order in which it came to the firewall's devices. Throws where a capture has losses. */
  finish(): Arrival[]
}

export interface RefereeOptions {
  /** Asking for conntrack's state turns conntrack and defragmentation on. False: only what the rules under test turn on is on. */
  readonly conntrack?: boolean
  readonly megabytes?: number
  /** The last hook to look at. `forward` spares the log a third of a flood, where no rule under test stands in postrouting. Default: postrouting. */
  readonly until?: "forward" | "postrouting"
  /** Look at the beginning of each hook too: `Ruling.entered`. Default: false. */
  readonly entrances?: boolean
}

const GROUP = 5
const watched = ["wan0", "lan0"]
const hooks = ["prerouting", "input", "forward", "output", "postrouting"] as const
const places: readonly Place[] = ["prerouting", "input", "forward", "postrouting", "wire"]
const states: readonly State[] = ["new", "established", "related", "invalid", "untracked"]

/**
 * Watches the firewall of a laboratory: which packets reach its devices, and at the end of which hooks they are still alive. It judges nothing itself: its own
 * chains stand behind all others and only log.
 */
export function createReferee(laboratory: Laboratory, options: RefereeOptions = {}): Referee {
  const { conntrack = true, megabytes = 32, until = "postrouting", entrances = false } = options
  const { firewall } = laboratory
  firewall.nft(table(conntrack, until) + (entrances ? entranceTable : ""))
  const log = firewall.log(GROUP)
  const captures = watched.map((device) => firewall.capture(device, { megabytes }))
  const names = firewall.namespace.inside(
    () => new Map(watched.map((name) => [libc().if_nametoindex(name), name])),
  )
  const frames: CapturedFrame[] = []
  const seen = new Sightings()
  const entered = new Sightings()
  const own: OwnPacket[] = []
  const sent = () => laboratory.outside.sent("eth0") + laboratory.inside.sent("eth0")
  const sentBefore = sent()
  let arrived = 0
  const poll = () => {
    for (const capture of captures)
      for (const frame of capture.read()) {
        frames.push(frame)
        if (frame.direction === "in") arrived++
      }
    read(log, seen, entered, own)
  }
  return {
    poll,
    finish() {
      poll()
      // Two flushes of the log's timer and one of the rings'.
      settle(40)
      poll()
      // Where a busy machine is late with them, what was sent is not all there.
      for (let waits = 0; waits < 100 && arrived < sent() - sentBefore; waits++) {
        settle(20)
        poll()
      }
      complain(captures, log)
      return rule(entrances ? withOwn(frames, own, seen, names) : frames, seen, entered)
    },
  }
}

/** What begins a prefix of the log where a hook begins. */
const ENTRANCE = "enter-"
const EARLIEST = -2000000000

const entranceTable = `table inet entrances {
${hooks
  .map(
    (hook) =>
      `  chain ${hook} {\n    type filter hook ${hook} priority ${EARLIEST}\n    log prefix "${ENTRANCE}${hook}" group ${GROUP}\n  }\n`,
  )
  .join("")}}
`

/** A packet that the firewall sent itself, and the number of the packet that came in last before it; 0: none had. */
interface OwnPacket {
  readonly bytes: Uint8Array
  readonly after: number
  /** Index of the device that it leaves by. */
  readonly device: number
}

/** One statement a line: nft 1.0.6 does not read a brace behind `group 5`. */
function table(conntrack: boolean, until: string): string {
  const chain = (hook: string) => {
    const rules = conntrack
      ? states.map((state) => `ct state ${state} log prefix "${hook} ${state}" group ${GROUP}`)
      : [`log prefix "${hook}" group ${GROUP}`]
    return `  chain ${hook} {\n    type filter hook ${hook} priority 2000000000\n    ${rules.join("\n    ")}\n  }\n`
  }
  const chosen = hooks.filter((hook) => hook !== "postrouting" || until === "postrouting")
  return `table inet referee {\n${chosen.map(chain).join("")}}\n`
}

function read(log: PacketLog, seen: Sightings, entered: Sightings, own: OwnPacket[]): void {
  for (const { prefix, bytes, outputDevice } of log.read()) {
    const [place = "", state] = prefix.split(" ")
    const identity = identify(bytes, LINKTYPE_RAW)
    if (!identity) continue
    if (!place.startsWith(ENTRANCE)) seen.add(place as Place, identity, (state as State | undefined) ?? null)
    else {
      const hook = place.slice(ENTRANCE.length) as Place
      entered.add(hook, identity, null)
      // One log for all hooks: it is in order.
      if (hook === "prerouting") entered.last = identity.packet
      if (hook === "output") own.push({ bytes, after: entered.last, device: outputDevice })
    }
  }
}

/** Puts what the firewall sent itself behind the frame that came before it, with an Ethernet header, in place of what the wire had of it. */
function withOwn(
  frames: readonly CapturedFrame[],
  own: readonly OwnPacket[],
  seen: Sightings,
  names: ReadonlyMap<number, string>,
): CapturedFrame[] {
  const times = new Map<number, number>()
  for (const { bytes, direction, time } of frames) {
    const identity = identify(bytes, LINKTYPE_ETHERNET)
    if (identity && direction === "in") times.set(identity.packet, time)
  }
  const mine = own.map(({ bytes, after, device: index }): CapturedFrame => {
    const isIpv6 = bytes[0]! >>> 4 === 6
    const frame = new Uint8Array(14 + bytes.length)
    frame.set(isIpv6 ? [0x86, 0xdd] : [8, 0], 12)
    frame.set(bytes, 14)
    const device = names.get(index) ?? "lo"
    return { time: times.get(after) ?? 0, bytes: frame, wireLength: frame.length, direction: "out", device }
  })
  const isOwn = new Set(own.map(({ bytes }) => identify(bytes, LINKTYPE_RAW)!.packet))
  return [
    ...frames.filter(({ bytes, direction }) => {
      if (direction === "in") return true
      const identity = identify(bytes, LINKTYPE_ETHERNET)
      if (!identity || !isOwn.has(identity.packet)) return true
      seen.add("wire", identity, null)
      return false
    }),
    ...mine,
  ]
}

function complain(captures: readonly FrameCapture[], log: PacketLog): void {
  for (const capture of captures)
    if (capture.lost() > 0)
      throw new Error(`the capture on ${capture.device} has losses: give it more memory`)
  if (log.lost() > 0) throw new Error(`the packet log lost ${log.lost()} packets: send in smaller batches`)
}

/** How often a packet was seen at a place, with its states in order. */
class Sightings {
  readonly packets = new Map<Place, Map<number, (State | null)[]>>()
  readonly datagrams = new Map<Place, Map<number, State | null>>()
  /** The packet that came in last; 0: none yet. */
  last = 0

  add(place: Place, identity: Identity, state: State | null): void {
    const packets = within(this.packets, place)
    const known = packets.get(identity.packet)
    if (known) known.push(state)
    else packets.set(identity.packet, [state])
    // A fragment that a hook sees is one that was not put together: it speaks for itself. What leaves has been cut again, perhaps elsewhere.
    if (!identity.isFragment || place === "wire") within(this.datagrams, place).set(identity.datagram, state)
  }
}

function within<Value>(maps: Map<Place, Map<number, Value>>, place: Place): Map<number, Value> {
  let map = maps.get(place)
  if (!map) {
    map = new Map()
    maps.set(place, map)
  }
  return map
}

function rule(frames: CapturedFrame[], seen: Sightings, entered: Sightings): Arrival[] {
  // Each ring is in order; two rings are merged by the receiving kernel's clock. The sort is stable.
  const ordered = frames.sort((one, other) => one.time - other.time)
  const identities = ordered.map(({ bytes }) => identify(bytes, LINKTYPE_ETHERNET))
  const arrived = new Map<number, number>()
  const ownKnown = new Set(within(entered.packets, "output").keys())
  for (const [index, frame] of ordered.entries()) {
    const identity = identities[index]
    if (!identity) continue
    if (frame.direction === "out" && !ownKnown.has(identity.packet)) seen.add("wire", identity, null)
    else arrived.set(identity.packet, (arrived.get(identity.packet) ?? 0) + 1)
  }
  const arrivals: Arrival[] = []
  const passages = new Passages(seen)
  const entries = new Passages(entered)
  for (const [index, frame] of ordered.entries()) {
    const identity = identities[index]
    if (!identity) {
      if (frame.direction === "in") arrivals.push({ frame, own: false, ruling: null })
      continue
    }
    const own = frame.direction === "out"
    if (own && !ownKnown.has(identity.packet)) {
      // What went through the output hook is the firewall's own; the rest was forwarded and stands here as it came in.
      if (
        within(seen.packets, "output").has(identity.packet) ||
        (identity.isFragment && within(seen.datagrams, "output").has(identity.datagram))
      )
        arrivals.push({ frame, own, ruling: null })
      continue
    }
    const count = arrived.get(identity.packet)!
    const { places: passed, state, ambiguous } = passages.take(identity, own ? ownPlaces : places, count)
    const { places: began } = entries.take(identity, own ? ownPlaces : places, count)
    arrivals.push({ frame, own, ruling: { passed, entered: began, state, ambiguous } })
  }
  return arrivals
}

const ownPlaces: readonly Place[] = ["output", "postrouting", "wire"]

/** Hands out sightings: of packets with the same bytes, the first gets the first. */
class Passages {
  private readonly seen: Sightings
  private readonly taken = new Map<Place, Map<number, number>>()

  constructor(seen: Sightings) {
    this.seen = seen
  }

  take(
    identity: Identity,
    among: readonly Place[],
    arrived: number,
  ): { readonly places: Set<Place>; readonly state: State | null; readonly ambiguous: boolean } {
    const passed = new Set<Place>()
    let state: State | null = null
    let ambiguous = false
    for (const place of among) {
      const sightings = within(this.seen.packets, place).get(identity.packet)
      const asks = place === "prerouting" || place === "output"
      if (!sightings && identity.isFragment) {
        const datagrams = within(this.seen.datagrams, place)
        if (!datagrams.has(identity.datagram)) continue
        passed.add(place)
        if (asks) state = datagrams.get(identity.datagram) ?? null
        continue
      }
      if (!sightings) continue
      const taken = within(this.taken, place)
      const number = taken.get(identity.packet) ?? 0
      if (sightings.length < arrived) ambiguous = true
      if (number >= sightings.length) continue
      taken.set(identity.packet, number + 1)
      passed.add(place)
      if (asks) state = sightings[number] ?? null
    }
    return { places: passed, state, ambiguous }
  }
}
