/**
 * How a connection lies in the table: a record of 128 bytes, two lines of the processor's cache. A datagram asks the first, a TCP segment both; what only IPv6
 * needs lies elsewhere. The fewer pages the records fill, the fewer look-ups wait for memory: that is most of what finding a connection costs.
 * Constants in a file of their own that imports nothing: so they are numbers in a bundle; as variables of it, V8 loads and checks each at every
 * use, a tenth of what a packet costs.
 */

/** A tuple (tuple.ts) in words: source (4), destination (4), then these two. */
export const TUPLE_WORDS = 10
export const PORTS = 8
export const KIND = 9
/** Words of family and protocol (tuple.ts). */
export const FOUR_TCP = 0x406
export const FOUR_UDP = 0x411

/** Words of 32 bits in a record; numbers of 64 bits take two of them. */
export const RECORD = 32

// The first line. Of each direction a tuple's first source and destination word, ports and kind.
export const SHORT_TUPLE = 4
/** The hash of each direction's tuple. */
export const HASH = 8
export const STATUS = 10
export const GENERATION = 11
/** A number of 64 bits, counted in those. */
export const EXPIRES = 6
export const MARK = 14
/** A tracker's state by number (a TCP state). */
export const PHASE = 15

// The second line: the protocol's tracker.
export const STATE = 16
export const STATE_WORDS = 16
/** UDP: when its flow counts as a stream, a number of 64 bits. */
export const STREAM_AFTER = 8

/** The other six words of each direction's addresses, for IPv6: in an array of their own, so many words for a connection. */
export const WIDE_RECORD = 16
export const WIDE_WORDS = 6

// TCP: first the two windows (tcp-window.ts), the original direction's first, in so many words each.
export const SIDE_WORDS = 5
/** Highest sequence number seen plus length, and the highest that it may send. */
export const END = 0
export const MAXEND = 1
/** Largest window seen, scaled; 0: nothing seen of this end. */
export const MAXWIN = 2
export const MAXACK = 3
export const FLAGS = 4

// Bits of a window's flags.
export const SCALED = 0x01
export const SACK_PERMITTED = 0x02
export const CLOSE_INITIATED = 0x04
export const BE_LIBERAL = 0x08
export const UNACKNOWLEDGED = 0x10
export const MAXACK_KNOWN = 0x20
/** Above them, how far the window field is to be shifted: 0 to 14 (RFC 7323 section 2.3). */
export const SCALE_SHIFT = 8

// Then the words that belong to both ends.
/** What the last segment was (an INDEX of tcp.ts), plus FROM_REPLY where the reply direction sent it. */
export const LAST_SEGMENT = 10
export const FROM_REPLY = 8
export const LAST_SEQUENCE = 11
export const LAST_ACKNOWLEDGEMENT = 12
export const LAST_END = 13
/** The last window field, as it stood in the header; above its 16 bits how often the segment was repeated. */
export const LAST_WINDOW = 14
export const WINDOW_FIELD = 0xffff
export const ONE_RETRANSMISSION = 0x10000
export const RETRANSMISSIONS_SHIFT = 16
/** A window's flags and scale, as the last SYN that was let through offers them; and two more. */
export const LAST_FLAGS = 15
export const EXPECT_CHALLENGE_ACK = 0x40
export const SIMULTANEOUS_OPEN = 0x80
/** What of it is a window's. */
export const OFFERED = 0xf3f
