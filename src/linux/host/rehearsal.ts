import { type Address, sameAddress } from "../../core/base/address.js"
import { createEngine, type Engine } from "../../core/engine/engine.js"
import { VERDICT_ACCEPT } from "../../core/engine/verdict.js"
import { buildPacket } from "../../core/packet/build.js"
import { decode } from "../../core/packet/decode.js"
import { LINKTYPE_ETHERNET } from "../../core/packet/link-type.js"
import { ACK, Packet, PSH, SYN } from "../../core/packet/packet.js"
import { admitted4, admitted6 } from "../../core/policy/first-apply.js"
import type { Origin } from "../../core/ruleset/origin.js"
import type { Ruleset, SetElement, Table } from "../../core/ruleset/ruleset.js"
import type { Session } from "./sessions.js"
import type { Endpoint } from "./sockets.js"

/** A session, and the device that its packets arrive on. */
export interface RehearsedSession extends Session {
  readonly device: string
}

/** What a rule set would do to an administrator: the first packet that does not get through. */
export interface Cut {
  readonly session: RehearsedSession
  /** His live session, or one of the new connections (1 to 3) that he would make next. */
  readonly what: "live session" | "new connection"
  readonly number: number
  /** The rule that stops the packet, and with it the policy's line; absent: a chain's policy, or the packet itself. */
  readonly origin?: Origin
}

export interface RehearsalHost {
  readonly addresses: readonly Address[]
  /** Conntrack knows the live sessions already. */
  readonly conntrackIsOn: boolean
}

/** As many new connections as an administrator makes while he looks what is wrong: another shell, a copy of a file, a third try. */
const NEW_CONNECTIONS = 3

/**
 * Sends an administrator's packets through the rules, in the engine, before the kernel gets them: what the live session says next, then three new
 * connections from the same address to the same port, a second apart. Each ruleset is asked anew, so that one session cannot hide what happens to another.
 */
export function rehearse(
  ruleset: Ruleset,
  sessions: readonly RehearsedSession[],
  host: RehearsalHost,
): readonly Cut[] {
  return sessions.flatMap((session) => {
    const live = rehearseLive(admitting(ruleset, session), session, host)
    return live.length > 0 ? live : rehearseNew(ruleset, session, host)
  })
}

/** Packets of the session as they are on the wire now: data from him, our answer, his acknowledgement. */
function rehearseLive(ruleset: Ruleset, session: RehearsedSession, host: RehearsalHost): Cut[] {
  const stage = openStage(ruleset, session, host)
  if (stage === undefined) return []
  // Where conntrack knows the connection, what we said last made it know it.
  const says = host.conntrackIsOn ? ([OUT, IN, OUT, IN] as const) : ([IN, OUT, IN] as const)
  for (const way of says) {
    const stopped = stage.send(way, session.remote.port, ACK | PSH, 32)
    if (stopped) return [{ session, what: "live session", number: 1, ...stopped }]
  }
  return []
}

function rehearseNew(ruleset: Ruleset, session: RehearsedSession, host: RehearsalHost): Cut[] {
  const stage = openStage(ruleset, session, host)
  if (stage === undefined) return []
  for (let number = 1; number <= NEW_CONNECTIONS; number++) {
    // A port that the live session does not have, from the range that clients take.
    const port = 40000 + ((session.remote.port + 7919 * number) % 20000)
    const handshake = [
      [IN, SYN, 0],
      [OUT, SYN | ACK, 0],
      [IN, ACK, 0],
      [IN, ACK | PSH, 32],
    ] as const
    for (const [way, flags, payload] of handshake) {
      const stopped = stage.send(way, port, flags, payload)
      if (stopped) return [{ session, what: "new connection", number, ...stopped }]
    }
    stage.wait(1e9)
  }
  return []
}

const IN = "in"
const OUT = "out"

interface Stage {
  /** Undefined: it got through. */
  send(
    way: "in" | "out",
    port: number,
    flags: number,
    payload: number,
  ): { readonly origin?: Origin } | undefined
  /** Nanoseconds. */
  wait(duration: number): void
}

function openStage(ruleset: Ruleset, session: RehearsedSession, host: RehearsalHost): Stage | undefined {
  const { engine } = createEngine(ruleset, {
    interfaces: [{ name: session.device, networks: ["default"] }],
    local: host.addresses.some((address) => sameAddress(address, session.local.address))
      ? host.addresses
      : [...host.addresses, session.local.address],
    // A rule that drops by chance is taken to drop: the smallest number is below every limit.
    random: () => 0,
  })
  if (engine === null) return undefined
  const packet = new Packet()
  const device = engine.interfaces.index(session.device)
  const next = new Map<number, { in: number; out: number }>()
  let now = 1e9
  return {
    send(way, port, flags, payload) {
      const counters = next.get(port) ?? { in: 1000, out: 5000 }
      next.set(port, counters)
      const bytes = buildPacket(segment(session, way, port, flags, payload, counters))
      counters[way] += payload + ((flags & SYN) !== 0 ? 1 : 0)
      decode(
        packet,
        new DataView(bytes.buffer, bytes.byteOffset),
        0,
        bytes.length,
        bytes.length,
        LINKTYPE_ETHERNET,
      )
      now += 1e6
      packet.time = now
      packet.inputInterface = way === "in" ? device : 0
      packet.outputInterface = way === "out" ? device : 0
      const { verdict, chain, rule } = engine.judge(packet, way === "in" ? "input" : "output")
      return verdict === VERDICT_ACCEPT ? undefined : blame(engine, chain, rule)
    },
    wait(duration) {
      now += duration
    },
  }
}

function segment(
  { remote, local }: RehearsedSession,
  way: "in" | "out",
  port: number,
  flags: number,
  payload: number,
  counters: { readonly in: number; readonly out: number },
) {
  const his: Endpoint = { address: remote.address, port }
  const [source, destination] = way === "in" ? [his, local] : [local, his]
  const opens = (flags & SYN) !== 0
  return {
    source: source.address,
    destination: destination.address,
    payload,
    tcp: {
      sourcePort: source.port,
      destinationPort: destination.port,
      flags,
      sequence: counters[way],
      acknowledgement: (flags & ACK) === 0 ? 0 : way === "in" ? counters.out : counters.in,
      // What Linux and OpenSSH send over Ethernet.
      ...(opens ? { maximumSegmentSize: 1460, sackPermitted: true, windowScale: 7 } : {}),
    },
  }
}

function blame(engine: Engine, chain: number, rule: number): { readonly origin?: Origin } {
  const origin = engine.chains[chain]?.rules[rule]?.rule.origin
  return origin === undefined ? {} : { origin }
}

/** The rules as the transaction will load them: with the session among the admitted ones. */
function admitting(ruleset: Ruleset, { remote, local }: RehearsedSession): Ruleset {
  const name = local.address.family === 4 ? admitted4.name : admitted6.name
  const element = (source: Endpoint, destination: Endpoint): SetElement => ({
    key: {
      parts: [source, destination].flatMap(({ address, port }) => [
        { value: address.words },
        { value: [port] },
      ]),
    },
  })
  const elements = [element(remote, local), element(local, remote)]
  return {
    tables: ruleset.tables.map(
      (table): Table => ({
        ...table,
        sets: table.sets.map((set) => (set.name === name ? { ...set, elements } : set)),
      }),
    ),
  }
}

/** The device that answers to an address leave on, where packets from it arrive on a host with one way out. */
export function deviceTo(
  address: string,
  routeGet: (address: string) => string | undefined,
): string | undefined {
  try {
    const [route] = JSON.parse(routeGet(address) ?? "[]") as readonly { readonly dev?: string }[]
    return route?.dev
  } catch {
    return undefined
  }
}
