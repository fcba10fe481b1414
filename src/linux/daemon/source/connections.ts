import { AnswerEvent } from "../../../core/event/answer-event.js"
import { ConnectionEvent } from "../../../core/event/connection-event.js"
import { copyFlow, Flow } from "../../../core/event/flow.js"
import { TCP, UDP } from "../../../core/packet/packet.js"
import {
  IPS_ASSURED,
  IPS_SEEN_REPLY,
  openConnectionLog,
  TCP_CLOSE,
  TCP_ESTABLISHED,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
  type TrackedConnection,
} from "../../host/netlink/conntrack-log.js"
import { done, failed } from "../../host/outcome.js"
import { readInShares } from "./share.js"
import type { EventSource } from "./source.js"

/** Attempts that wait for an answer, at most: what a flood adds beyond is not waited for. */
const WAITING_MAXIMUM = 16_384
/** Seconds after which an unanswered attempt counts as silent. */
const PATIENCE = 4

/** An attempt, and how far it got. */
interface Waiting {
  readonly since: number
  readonly flow: Flow
  isAnswered: boolean
  isEstablished: boolean
}

/**
 * Connections that begin, are answered and end, as conntrack tells (ctnetlink). It tells of them after the rules: what a rule drops is no connection, and is told of
 * by nflog. A TCP connection that is closed right after its SYN, without a SYN-ACK in between, was answered by a reset: a closed port.
 */
export const connectionSource: EventSource = {
  name: "conntrack",
  reads: "connections (conntrack)",
  start({ emit, clock, readiness, topology }) {
    const opened = openConnectionLog()
    if (failed(opened)) return opened
    const log = opened.value
    const connection = new ConnectionEvent()
    const answer = new AnswerEvent()
    const waiting = new Map<number, Waiting>()
    let events = 0

    const tell = (phase: ConnectionEvent["phase"], tracked: TrackedConnection, wasEstablished: boolean) => {
      connection.phase = phase
      connection.packetsOut = tracked.packetsOut
      connection.packetsBack = tracked.packetsBack
      connection.bytesOut = tracked.bytesOut
      connection.bytesBack = tracked.bytesBack
      connection.wasEstablished = wasEstablished
      events++
      emit(connection)
    }
    const tellAnswer = (from: Flow, what: AnswerEvent["answer"], tried: number) => {
      if (from.protocol !== TCP && from.protocol !== UDP) return
      copyFlow(from, answer)
      answer.time = clock()
      answer.tried = tried
      answer.probe = from.protocol === TCP ? "syn" : "udp"
      answer.answer = what
      events++
      emit(answer)
    }

    const take = (tracked: TrackedConnection) => {
      fillEnds(connection, tracked)
      connection.time = clock()
      topology.place(connection)
      const isTcp = tracked.protocol === TCP
      const known = waiting.get(tracked.id)
      if (tracked.change === "new") {
        tell("new", tracked, false)
        // A connection that is met in its middle was tried long ago.
        if (isTcp && tracked.tcpState !== TCP_SYN_SENT) return
        if (waiting.size < WAITING_MAXIMUM)
          waiting.set(tracked.id, {
            since: connection.time,
            flow: copied(connection),
            isAnswered: false,
            isEstablished: false,
          })
      } else if (tracked.change === "update") {
        if (!known) return
        const isAnswer = isTcp
          ? tracked.tcpState >= TCP_SYN_RECV && tracked.tcpState < TCP_CLOSE
          : (tracked.status & IPS_SEEN_REPLY) !== 0
        if (isAnswer && !known.isAnswered) {
          known.isAnswered = true
          tellAnswer(known.flow, "open", known.since)
        }
        const isEstablished = isTcp ? tracked.tcpState === TCP_ESTABLISHED : isAnswer
        if (isEstablished && !known.isEstablished) {
          known.isEstablished = true
          tell("established", tracked, true)
        }
      } else {
        waiting.delete(tracked.id)
        if (known && !known.isAnswered) {
          const isReset = isTcp && tracked.tcpState === TCP_CLOSE
          tellAnswer(known.flow, isReset ? "closed" : "silent", known.since)
        }
        tell("ended", tracked, known?.isEstablished ?? (tracked.status & IPS_ASSURED) !== 0)
      }
    }

    // Oldest first, as a Map keeps them.
    const sweep = setInterval(() => {
      const now = clock()
      for (const [id, entry] of waiting) {
        if (now - entry.since < PATIENCE) break
        // What is established is known by conntrack's own status when it ends.
        waiting.delete(id)
        if (!entry.isAnswered) tellAnswer(entry.flow, "silent", entry.since)
      }
    }, 1000)
    const stop = readInShares(readiness, log.fd, () => log.read(take))
    return done({
      state: "reading",
      get events() {
        return events
      },
      get lost() {
        return log.overruns
      },
      stop() {
        clearInterval(sweep)
        stop()
        log.close()
      },
    })
  },
}

function fillEnds(flow: Flow, tracked: TrackedConnection): void {
  const { bytes, family, source, destination } = tracked
  flow.family = family
  flow.source0 = word(bytes, source)
  flow.destination0 = word(bytes, destination)
  const isLong = family === 6
  flow.source1 = isLong ? word(bytes, source + 4) : 0
  flow.source2 = isLong ? word(bytes, source + 8) : 0
  flow.source3 = isLong ? word(bytes, source + 12) : 0
  flow.destination1 = isLong ? word(bytes, destination + 4) : 0
  flow.destination2 = isLong ? word(bytes, destination + 8) : 0
  flow.destination3 = isLong ? word(bytes, destination + 12) : 0
  flow.protocol = tracked.protocol
  flow.sourcePort = tracked.sourcePort
  flow.destinationPort = tracked.destinationPort
}

/** In network order. */
function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}

function copied(flow: Flow): Flow {
  const copy = new Flow()
  copyFlow(flow, copy)
  return copy
}
