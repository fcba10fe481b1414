/** Numbers of the TCP tracker; in a file that imports nothing, for layout.ts's reason. */

// A connection's state (enum tcp_conntrack).
export const NONE = 0
export const SYN_SENT = 1
export const SYN_RECV = 2
export const ESTABLISHED = 3
export const FIN_WAIT = 4
// 5 is CLOSE_WAIT.
export const LAST_ACK = 6
export const TIME_WAIT = 7
export const CLOSE = 8
/** The other side sent a SYN too: simultaneous open. */
export const SYN_SENT2 = 9
/** Let through, and the connection stays as it is: we, or one of the ends, may be out of step. */
export const IGNORE = 10
export const INVALID = 11

// What a segment is to the table: RST outweighs SYN, SYN outweighs FIN, FIN outweighs ACK.
export const INDEX_SYN = 0
export const INDEX_SYNACK = 1
export const INDEX_FIN = 2
export const INDEX_ACK = 3
export const INDEX_RST = 4
export const INDEX_NONE = 5

/** RFC 7323 section 2.3. */
export const MOST_SCALE = 14
/** An ACK may lie this far behind what was sent, even where the window is smaller (MAXACKWINCONST). */
export const ACK_WINDOW = 66000
/** More are not counted. */
export const MOST_RETRANSMISSIONS = 0x7fff0000
/** The option of RFC 2018. */
export const SACK = 5

/** FIN, SYN, RST, ACK and URG: what distinguishes a segment in the middle of a connection from others. */
export const TOLD_FLAGS = 0x37
