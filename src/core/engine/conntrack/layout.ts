/**
 * How a connection lies in the table: a record of 256 bytes, four lines of the processor's cache, so that a packet fetches two or three neighbours and
 * not a dozen strangers. Constants in a file of their own that imports nothing: so they are numbers in a bundle; as variables of
 * it, V8 loads and checks each at every use, a tenth of what a packet costs.
 */

/** A tuple (tuple.ts) in words: source (4), destination (4), then these two. */
export const TUPLE_WORDS = 10
export const PORTS = 8
export const KIND = 9

/** Words of 32 bits in a record; numbers of 64 bits take two of them. */
export const RECORD = 64

// The first line: all that a datagram of IPv4 asks. Of each direction a tuple's first source and destination word, ports and kind.
export const SHORT_TUPLE = 4
/** For each direction: the next node of its hash chain, and its own hash. */
export const NEXT = 8
export const HASH = 10
export const STATUS = 12
export const GENERATION = 13
/** A number of 64 bits, counted in those. */
export const EXPIRES = 7

// The second and half of the third: the protocol's tracker.
/** A tracker's state by number (a TCP state). */
export const PHASE = 16
/** Where its other words begin. */
export const STATE = 17
/** So many: TCP needs 21. */
export const STATE_WORDS = 21
/** UDP has no other words: when its flow counts as a stream, a number of 64 bits. */
export const STREAM_AFTER = 9

export const MARK = 38

// The rest: the other six words of each direction's addresses, for IPv6.
export const WIDE_TUPLE = 40
export const WIDE_WORDS = 6

// TCP: first the two windows (tcp-window.ts), the original direction's first, in so many words each.
export const SIDE_WORDS = 6
/** Highest sequence number seen plus length, and the highest that it may send. */
export const END = 0
export const MAXEND = 1
/** Largest window seen, scaled; 0: nothing seen of this end. */
export const MAXWIN = 2
export const MAXACK = 3
export const SCALE = 4
export const FLAGS = 5

// Bits of a window's flags.
export const SCALED = 0x01
export const SACK_PERMITTED = 0x02
export const CLOSE_INITIATED = 0x04
export const BE_LIBERAL = 0x08
export const UNACKNOWLEDGED = 0x10
export const MAXACK_KNOWN = 0x20

// Then the words that belong to both ends.
export const LAST_DIRECTION = 12
export const RETRANSMISSIONS = 13
export const LAST_INDEX = 14
export const LAST_SEQUENCE = 15
export const LAST_ACKNOWLEDGEMENT = 16
export const LAST_END = 17
export const LAST_WINDOW = 18
export const LAST_SCALE = 19
export const LAST_FLAGS = 20

// Further bits of LAST_FLAGS; the low ones are a window's flags.
export const EXPECT_CHALLENGE_ACK = 0x40
export const SIMULTANEOUS_OPEN = 0x80
