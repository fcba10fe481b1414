import type { AlertEvent } from "./alert-event.js"
import type { AnswerEvent } from "./answer-event.js"
import type { ConnectionEvent } from "./connection-event.js"
import type { CounterEvent } from "./counter-event.js"
import type { LoginEvent } from "./login-event.js"
import type { PacketEvent } from "./packet-event.js"

/**
 * The second waist: all that a detector ever sees. Whether it comes from a replay or from a live kernel, it cannot tell.
 *
 * | event | from a capture | from the kernel |
 * |---|---|---|
 * | packet | every packet, with the engine's verdict | nflog: those that rules drop, notice or log, at a bounded rate |
 * | connection, answer | concluded from the packets | conntrack |
 * | counter | – | the counters of our table |
 * | alert | – | Suricata's EVE |
 * | login | – | the journal, auth.log |
 *
 * Time goes forward: a source whose time goes back is taken to stand still.
 */
export type Event = PacketEvent | ConnectionEvent | AnswerEvent | CounterEvent | AlertEvent | LoginEvent

export type EventName = Event["event"]
