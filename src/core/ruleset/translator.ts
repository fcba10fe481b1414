import type { Packet } from "../packet/packet.js"
import type { End } from "../packet/rewrite.js"
import type { Outcome } from "./runtime.js"

/**
 * What a NAT statement or target asks for. `Translator.ask` hands out the one object there is, emptied; the statement fills it in and calls
 * `translate`, `masquerade` or `redirect`.
 */
export interface NatRequest {
  /** Lowest and highest address (the same for one), IPv4 in word 0; read only where `hasAddresses` is set. */
  hasAddresses: boolean
  readonly lowest: Uint32Array
  readonly highest: Uint32Array
  /** Lowest and highest port, or identifier of an ICMP query; -1: none is asked for. */
  fromPort: number
  toPort: number
  /** The first of the ports that are shifted (`--to-destination 192.0.2.1:1000-2000/3000`); -1: none are. */
  basePort: number
  /** `random`, `fully-random`: the source port is drawn, not kept. */
  random: boolean
  fullyRandom: boolean
  /** The address hangs on the client alone. */
  persistent: boolean
}

/**
 * NAT, as a rule of a nat chain reaches it. Each answers ACCEPT or DROP, which is the rule's verdict: with the first answer the connection's fate in
 * this direction is settled, and the engine translates it and all that follow.
 */
export interface Translator {
  ask(): NatRequest
  /** Which end is translated at the present hook. */
  readonly end: End
  /** `dnat` (DESTINATION) or `snat` (SOURCE), for prerouting and output, or input and postrouting. */
  translate(packet: Packet, end: End): Outcome
  /** The source becomes the outgoing interface's address; only the ports of the request count. */
  masquerade(packet: Packet): Outcome
  /** The destination becomes this host: the incoming interface's first address, or loopback at output; only the ports of the request count. */
  redirect(packet: Packet): Outcome
}
