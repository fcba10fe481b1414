import { BREAK, CONTINUE, type RunConnection, type Step } from "../../runtime.js"

/** `-m connbytes` */
export interface ConnbytesSettings {
  readonly from: number
  readonly to: number
  readonly direction: "original" | "reply" | "both"
  readonly mode: "packets" | "bytes" | "avgpkt"
  readonly negated: boolean
}

/** How much has gone through the connection, this packet included. A packet without a connection does not match, negated or not. */
export function connbytesStep({ from, to, direction, mode, negated }: ConnbytesSettings): Step {
  const packetsOf = (connection: RunConnection) =>
    (direction === "reply" ? 0 : connection.originalPackets) +
    (direction === "original" ? 0 : connection.replyPackets)
  const bytesOf = (connection: RunConnection) =>
    (direction === "reply" ? 0 : connection.originalBytes) +
    (direction === "original" ? 0 : connection.replyBytes)
  const measure =
    mode === "packets"
      ? packetsOf
      : mode === "bytes"
        ? bytesOf
        : (connection: RunConnection) =>
            Math.floor(bytesOf(connection) / Math.max(1, packetsOf(connection)))
  return (_packet, { connection }) => {
    if (connection === null) return BREAK
    const what = measure(connection)
    return (what >= from && what <= to) !== negated ? CONTINUE : BREAK
  }
}
