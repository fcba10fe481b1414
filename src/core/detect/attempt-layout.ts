// Numbers of the table of attempts, in a file that imports nothing: so they are numbers in a bundle (engine/conntrack/layout.ts says why).

/** Attempts that are remembered, the latest. */
export const ROOM = 1 << 15
export const BUCKETS = ROOM * 2
// An attempt is one line of the cache. In words: both addresses, and
export const WORDS = 16
export const PORTS = 8
export const KIND = 9
export const SEQUENCE = 10
/** What an acknowledgement has to say. */
export const EXPECTED = 11
/** The next in its bucket. */
export const NEXT = 12
// In bytes:
export const BYTES = 64
export const STATE = 52
export const PROBE = 53
export const REPEATS = 54
/** Direction, and the side above it. */
export const WAY = 55
// In doubles: when it was last tried, in seconds.
export const DOUBLES = 8
export const TIME = 7
export const DIRECTION = 3
export const SIDE_SHIFT = 2
/**
 * Half-open ones, and datagrams without an answer, by a few bits of their hash: most packets of connections belong to none. Those that nobody has answered are not among them: a forged flood would fill it, and whose SYN has no
 * answer is in no connection that conntrack knows.
 */
export const FILTER = 1 << 15
/** A place that so many wait at is taken for one where somebody waits, from then on. */
export const FULL = 255
/** How many established ones an address has, at two places by its hash: of most addresses that are asked for, none. */
export const CONNECTED = 1 << 14
export const FREE = 0
export const TRIED = 1
/** SYN-ACK seen. */
export const HALF_OPEN = 2
export const ESTABLISHED = 3
export const OVER = 4

/** Seconds after which an unanswered SYN counts as such: it was sent again after one second and after three (RFC 6298). */
export const SILENCE = 4
/**
 * Of a datagram it is known later: who speaks without an answer (RTCP, syslog, sensors) goes on speaking within so many seconds, and who looks for a port sends it once or twice.
 */
export const DATAGRAM_SILENCE = 10
export const FEW_DATAGRAMS = 2
/** So many at most, and within a second, is somebody who tries hard: with several questions of a service, or each three times. */
export const BURST_DATAGRAMS = 5
export const BURST = 1
/** Where nothing comes any more, silence of so many seconds is one: a round trip takes less. */
export const LAST_SILENCE = 0.5
/** An attempt that comes again within this many seconds is the same one; a SYN is sent again for 127 s (tcp_syn_retries 6). */
export const SAME = 130
/** Outcomes are told at once where there are more; one packet has three at most. */
export const MOST_TOLD = 16
/** A SYN is sent seven times, and a capture may show each twice; who sends it more often floods. */
export const MOST_REPEATS = 14
/** Seconds in which calls from before the first event may still be answered. */
export const BEFORE = 300
export const BY_SYN = 0
export const BY_FIN = 1
export const BY_NULL = 2
export const BY_XMAS = 3
export const BY_ACK = 4
export const BY_MAIMON = 5
export const BY_ODD = 6
export const BY_UDP = 7
// Bits of `ct state`.
export const INVALID = 1
export const SETTLED = 2 | 4
export const NEW = 8
