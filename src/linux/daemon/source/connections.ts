import { type Answer, AnswerEvent } from "../../../core/event/answer-event.js"
import { ConnectionEvent, type ConnectionPhase } from "../../../core/event/connection-event.js"
import { copyFlow, Flow, FROM_HOST, TOWARDS_HOST } from "../../../core/event/flow.js"
import { TCP, UDP } from "../../../core/packet/packet.js"
import {
  eachConnection,
  IPS_ASSURED,
  IPS_SEEN_REPLY,
  openConnectionLog,
  TCP_CLOSE,
  TCP_ESTABLISHED,
  TCP_FIN_WAIT,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
  type TrackedConnection,
} from "../../host/netlink/conntrack-log.js"
import { done, failed } from "../../host/outcome.js"
import { addressKey } from "../address-key.js"
import type { Alive } from "../alive.js"
import { readInShares } from "./share.js"
import type { EventSource } from "./source.js"

/** Attempts and handshakes that are remembered for a moment, at most: what a flood adds beyond is not. */
const WAITING_MAXIMUM = 16_384
/** Connections that are closed and not forgotten, at most: the end of others is told when conntrack forgets them. */
const CLOSING_MAXIMUM = 65_536
/** Seconds after which an unanswered attempt counts as silent. */
const PATIENCE = 4
/**
 * Seconds for which a handshake must have stood to prove its caller's address. Conntrack takes any acknowledgement that lies within its window, so one of 65,000 guesses at a forged
 * address is right by its measure; whom it was sent to measures exactly, and resets the connection at once.
 */
const PROVING = 0.2
const SWEEP = 100
/**
 * Seconds between two countings of all connections, after something went unheard: a table of a quarter of a million takes half a second, and in a flood something goes unheard all the time. And seconds of
 * quiet after which they are counted once more, for what happens while they are listed is heard, too.
 */
const COUNT_EVERY = 5
const QUIET = 5
/** Calls that empty a full buffer of notifications. */
const DRAIN_MAXIMUM = 1000

/** An attempt and when it was seen. */
interface Attempt {
  readonly since: number
  readonly flow: Flow
  isAnswered: boolean
  isEstablished: boolean
  /** It was closed before its handshake had stood for long enough to be told. */
  hasEnded: boolean
}

/**
 * Connections that begin, are answered and end, as conntrack tells (ctnetlink). It tells of them after the rules: what a rule drops is no connection, and is told of
 * by nflog. A TCP connection that is closed right after its SYN, without a SYN-ACK in between, was answered by a reset: a closed port.
 */
export function connectionSource(alive: Alive): EventSource {
  return {
    name: "conntrack",
    reads: "connections (conntrack)",
    start({ emit, clock, readiness, topology }) {
      const opened = openConnectionLog()
      if (failed(opened)) return opened
      const log = opened.value
      const connection = new ConnectionEvent()
      const answer = new AnswerEvent()
      const waiting = new Map<number, Attempt>()
      const proving = new Map<number, Attempt>()
      /** Closed, and still in conntrack for a while (TIME_WAIT: two minutes): their end has been told. */
      const closing = new Set<number>()
      let events = 0
      let seen = 0
      let countedAt = 0
      let unheardAt = Number.POSITIVE_INFINITY

      const tell = (phase: ConnectionPhase, wasEstablished: boolean, isProven = false) => {
        connection.phase = phase
        connection.wasEstablished = wasEstablished
        connection.isProven = isProven
        events++
        emit(connection)
      }
      const tellAnswer = ({ flow, since }: Attempt, what: Answer) => {
        if (flow.protocol !== TCP && flow.protocol !== UDP) return
        copyFlow(flow, answer)
        answer.time = clock()
        answer.tried = since
        answer.probe = flow.protocol === TCP ? "syn" : "udp"
        answer.answer = what
        events++
        emit(answer)
      }
      const remember = (where: Map<number, Attempt>, id: number) => {
        if (where.size >= WAITING_MAXIMUM) return
        const flow = new Flow()
        copyFlow(connection, flow)
        where.set(id, {
          since: connection.time,
          flow,
          isAnswered: false,
          isEstablished: false,
          hasEnded: false,
        })
      }

      const begin = ({ id, protocol, tcpState }: TrackedConnection) => {
        tell("new", false)
        // A TCP connection that is met in its middle was tried long ago.
        if (protocol !== TCP || tcpState === TCP_SYN_SENT) remember(waiting, id)
      }
      const update = ({ id, protocol, tcpState, status }: TrackedConnection) => {
        const isTcp = protocol === TCP
        const isAnswer = isTcp
          ? tcpState >= TCP_SYN_RECV && tcpState < TCP_CLOSE
          : (status & IPS_SEEN_REPLY) !== 0
        const attempt = waiting.get(id)
        if (isAnswer && attempt && !attempt.isAnswered) {
          attempt.isAnswered = true
          tellAnswer(attempt, "open")
          if (!isTcp) {
            // Nothing more is waited for, and others need the room.
            waiting.delete(id)
            tell("established", true)
          }
        }
        if (!isTcp) return
        if (attempt?.isAnswered && tcpState === TCP_CLOSE && !attempt.isEstablished) {
          waiting.delete(id)
          tell("abandoned", false)
          return
        }
        if (attempt && tcpState >= TCP_ESTABLISHED) attempt.isEstablished = true
        if (tcpState === TCP_ESTABLISHED && !proving.has(id)) {
          eachFarEnd(connection, alive.began)
          remember(proving, id)
        } else if (tcpState === TCP_FIN_WAIT) eachFarEnd(connection, alive.ended)
        const isOver = tcpState === TCP_FIN_WAIT || tcpState === TCP_CLOSE
        if (isOver && (status & IPS_ASSURED) !== 0) close(id, tcpState)
      }
      /** Whoever closed it has room for another one, and is connected no more, however long conntrack remembers it: a scanner that resets what it has opened, too. */
      const close = (id: number, tcpState: number) => {
        if (closing.size >= CLOSING_MAXIMUM || closing.has(id)) return
        closing.add(id)
        if (tcpState === TCP_CLOSE) eachFarEnd(connection, alive.ended)
        const proved = proving.get(id)
        if (proved) proved.hasEnded = true
        else tell("ended", true)
      }
      const end = ({ id, protocol, tcpState, status, ...counted }: TrackedConnection) => {
        const attempt = waiting.get(id)
        waiting.delete(id)
        if (attempt && !attempt.isAnswered)
          tellAnswer(attempt, protocol === TCP && tcpState === TCP_CLOSE ? "closed" : "silent")
        // What has not been told to be established does not end.
        const isUntold = proving.delete(id)
        if (closing.delete(id)) return
        const wasEstablished = (status & (protocol === TCP ? IPS_ASSURED : IPS_SEEN_REPLY)) !== 0
        // Others left their count when they were closed in order.
        if (protocol === TCP && wasEstablished && (tcpState === TCP_ESTABLISHED || tcpState === TCP_CLOSE))
          eachFarEnd(connection, alive.ended)
        connection.packetsOut = counted.packetsOut
        connection.packetsBack = counted.packetsBack
        connection.bytesOut = counted.bytesOut
        connection.bytesBack = counted.bytesBack
        tell("ended", wasEstablished && !isUntold)
      }
      const steps = { new: begin, update, destroy: end }
      const take = (tracked: TrackedConnection) => {
        fillEnds(connection, tracked)
        connection.time = clock()
        topology.place(connection)
        steps[tracked.change](tracked)
      }

      /** Whom there are connections with already, and again after something went unheard. */
      const count = () => {
        // What waits is older than the listing.
        for (let turn = 0; turn < DRAIN_MAXIMUM && log.read(take); turn++) {}
        alive.clear()
        const closed = new Set(closing)
        // Whose end went unheard would be remembered for ever.
        closing.clear()
        eachConnection((tracked) => {
          if (closed.has(tracked.id)) closing.add(tracked.id)
          if (tracked.protocol !== TCP || tracked.tcpState !== TCP_ESTABLISHED) return
          fillEnds(connection, tracked)
          topology.place(connection)
          eachFarEnd(connection, alive.began)
        })
        countedAt = clock()
      }
      // Oldest first, as a Map keeps them.
      const sweep = setInterval(() => {
        const now = clock()
        for (const [id, attempt] of waiting) {
          if (now - attempt.since < PATIENCE) break
          waiting.delete(id)
          if (!attempt.isAnswered) tellAnswer(attempt, "silent")
        }
        for (const [id, { since, flow, hasEnded }] of proving) {
          if (now - since < PROVING) break
          proving.delete(id)
          copyFlow(flow, connection)
          connection.time = now
          tell("established", true, true)
          if (hasEnded) tell("ended", true)
        }
        if (log.overruns !== seen) {
          if (now - countedAt < COUNT_EVERY) return
          seen = log.overruns
          unheardAt = now
          count()
        } else if (now - unheardAt > QUIET) {
          unheardAt = Number.POSITIVE_INFINITY
          count()
        }
      }, SWEEP)
      const stop = readInShares(readiness, log.fd, () => log.read(take))
      count()
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
}

/** The ends of a connection that are not this host's. */
function eachFarEnd(flow: Flow, each: (address: string) => void): void {
  const { family } = flow
  if (flow.direction !== FROM_HOST)
    each(addressKey(family, flow.source0, flow.source1, flow.source2, flow.source3))
  if (flow.direction !== TOWARDS_HOST)
    each(addressKey(family, flow.destination0, flow.destination1, flow.destination2, flow.destination3))
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
