/** Why conntrack calls a packet invalid. Indices into `invalidReasons`; 0 is none. */
export const INVALID_NO_TRANSPORT = 1
export const INVALID_SHORT = 2
export const INVALID_CHECKSUM = 3
export const INVALID_LENGTH = 4
export const INVALID_TCP_FLAGS = 5
export const INVALID_TCP_NEW = 6
export const INVALID_TCP_PICKUP = 7
export const INVALID_TCP_STATE = 8
export const INVALID_TCP_RST = 9
export const INVALID_TCP_SEQ_OVER = 10
export const INVALID_TCP_ACK_OVER = 11
export const INVALID_ICMP_TYPE = 12
export const INVALID_ICMP_NEW = 13
export const INVALID_ICMP_EMBEDDED = 14
export const INVALID_ICMP_UNKNOWN = 15
export const INVALID_ICMP_RECIPIENT = 16
export const INVALID_ICMP_FAMILY = 17
export const INVALID_SCTP_NEW = 18
export const INVALID_SCTP_CHUNKS = 19
export const INVALID_SCTP_TAG = 20
export const INVALID_SCTP_STATE = 21
export const INVALID_GRE = 22

/** For people and for `why` of a replay's output. The names are stable. */
export const invalidReasons: readonly { readonly name: string; readonly sentence: string }[] = [
  { name: "none", sentence: "" },
  { name: "no-transport", sentence: "no transport header can be found behind the IP headers" },
  { name: "short", sentence: "the transport header is cut short" },
  { name: "checksum", sentence: "the transport checksum is wrong" },
  { name: "length", sentence: "a length field contradicts the packet's length" },
  { name: "tcp-flags", sentence: "no TCP may send this combination of flags" },
  {
    name: "tcp-not-a-start",
    sentence: "these TCP flags can neither open a connection nor be picked up within one",
  },
  { name: "tcp-no-pickup", sentence: "within an unknown TCP connection, and nf_conntrack_tcp_loose is 0" },
  { name: "tcp-state", sentence: "these TCP flags are impossible in the connection's state" },
  { name: "tcp-rst", sentence: "a RST whose sequence number lies before what its receiver acknowledged" },
  { name: "tcp-seq-over", sentence: "the sequence number lies beyond the receiver's window" },
  { name: "tcp-ack-over", sentence: "acknowledges data that the other side has not sent" },
  { name: "icmp-type", sentence: "there is no such ICMP type" },
  { name: "icmp-not-a-start", sentence: "an ICMP reply to no known request" },
  { name: "icmp-embedded", sentence: "the packet quoted by the ICMP error cannot be read" },
  { name: "icmp-unknown", sentence: "the ICMP error quotes a packet of no known connection" },
  {
    name: "icmp-recipient",
    sentence: "the ICMP error is not sent to the sender of the packet that it quotes",
  },
  { name: "icmp-family", sentence: "ICMP of the other IP version" },
  { name: "sctp-not-a-start", sentence: "these SCTP chunks cannot open an association" },
  { name: "sctp-chunks", sentence: "an SCTP chunk is malformed or stands where it may not" },
  { name: "sctp-tag", sentence: "the SCTP verification tag is not the association's" },
  { name: "sctp-state", sentence: "this SCTP chunk is impossible in the association's state" },
  { name: "gre-call", sentence: "GRE of PPTP's version that carries no PPP" },
]
