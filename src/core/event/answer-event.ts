import { Flow } from "./flow.js"

/**
 * What an attempt to reach a port came to: `open` (SYN-ACK, or an answer of UDP), `closed` (RST, ICMP port unreachable), `refused` (the firewall dropped or
 * rejected it), `silent` (nothing came back for some seconds).
 */
export type Answer = "open" | "closed" | "refused" | "silent"

/** How a port was tried: by a SYN, by flags that no connection begins with, or by a datagram. */
export type Probe = "syn" | "fin" | "null" | "xmas" | "ack" | "maimon" | "odd" | "udp"

/**
 * An attempt and its answer; source is who tried. Each attempt has one: a SYN sent again, as the first went unanswered, has no other. One object for the life of its source.
 */
export class AnswerEvent extends Flow {
  readonly event = "answer"
  probe: Probe = "syn"
  answer: Answer = "open"
  /** When it was tried; `time` is when the answer was known. */
  tried = 0
}
