import { Flow } from "./flow.js"

/** Begun; answered and confirmed by who called (TCP: handshake complete; others: answered); over; answered, and reset by who called before the handshake was complete. */
export type ConnectionPhase = "new" | "established" | "ended" | "abandoned"

/** A step in a connection's life; source and destination are caller's and called one's, whichever way the packet went. One object for the life of its source. */
export class ConnectionEvent extends Flow {
  readonly event = "connection"
  phase: ConnectionPhase = "new"
  /** Established: who called has shown that the answer reached it, so its address is its own. False: taken from its going on. */
  isProven = false
  /** Since it began, in both directions; 0 where nothing counts. */
  packetsOut = 0
  packetsBack = 0
  bytesOut = 0
  bytesBack = 0
  /** It was established before it ended. */
  wasEstablished = false
}
