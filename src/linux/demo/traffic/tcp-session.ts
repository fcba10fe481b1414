import type { TcpDescription } from "../../../core/packet/description.js"
import { ACK, FIN, PSH, SYN } from "../../../core/packet/packet.js"
import type { ActWriter, Side } from "./act.js"

export interface Endpoint {
  readonly side: Side
  readonly address: string
  readonly port: number
}

export type SynOptions = Partial<
  Pick<
    TcpDescription,
    "maximumSegmentSize" | "windowScale" | "sackPermitted" | "timestamps" | "options" | "flags" | "window"
  >
>

/** What a Linux client sends. */
export const usualOptions: SynOptions = { maximumSegmentSize: 1460, sackPermitted: true, windowScale: 7 }

/** Both ends of one TCP connection, written packet by packet with the right numbers. */
export class TcpSession {
  readonly #writer: ActWriter
  readonly client: Endpoint
  readonly server: Endpoint
  /** The next sequence number of each end. */
  readonly #next: { client: number; server: number }
  /** Round-trip time, half of it each way. */
  readonly #way: number

  constructor(
    writer: ActWriter,
    client: Endpoint,
    server: Endpoint,
    firstNumber = 1000,
    roundTrip = 200_000,
  ) {
    this.#writer = writer
    this.client = client
    this.server = server
    this.#next = { client: firstNumber, server: firstNumber * 7 + 5 }
    this.#way = roundTrip / 2
  }

  get sequence(): { readonly client: number; readonly server: number } {
    return this.#next
  }

  /** SYN, SYN with ACK, ACK. `payload`: bytes in the SYN itself (TCP Fast Open). */
  open(syn: SynOptions = usualOptions, synAck: SynOptions = usualOptions, payload = 0): this {
    this.segment("client", SYN, payload, syn)
    this.segment("server", SYN | ACK, 0, synAck)
    return this.segment("client", ACK)
  }

  /** Sends data in segments of at most 1400 bytes, and the other end acknowledges all of it. */
  data(from: "client" | "server", length: number): this {
    for (let left = length; left > 0; left -= 1400)
      this.segment(from, left <= 1400 ? PSH | ACK : ACK, Math.min(left, 1400))
    return this.segment(from === "client" ? "server" : "client", ACK)
  }

  /** FIN from both ends. */
  close(first: "client" | "server" = "client"): this {
    const second = first === "client" ? "server" : "client"
    this.segment(first, FIN | ACK)
    this.segment(second, FIN | ACK)
    return this.segment(first, ACK)
  }

  /** One segment, at the end's present sequence number; it moves on by what the segment takes. `shift` moves this segment's number only. */
  segment(from: "client" | "server", flags: number, payload = 0, options: SynOptions = {}, shift = 0): this {
    const [source, destination] = from === "client" ? [this.client, this.server] : [this.server, this.client]
    const other = from === "client" ? "server" : "client"
    this.#writer.wait(this.#way).packet(source.side, {
      source: source.address,
      destination: destination.address,
      dontFragment: true,
      tcp: {
        sourcePort: source.port,
        destinationPort: destination.port,
        sequence: (this.#next[from] + shift) >>> 0,
        acknowledgement: flags & ACK ? this.#next[other] : 0,
        ...options,
        flags: options.flags ?? flags,
      },
      payload,
    })
    if (shift === 0) this.#next[from] += payload + (flags & (SYN | FIN) ? 1 : 0)
    return this
  }
}
