/**
 * How a connection lies in the table's arrays. Constants in a file of their own that imports nothing: so they are numbers in a bundle; as variables of
 * it, V8 loads and checks each at every use, a tenth of what a packet costs.
 */

/** A tuple (tuple.ts) in words: source (4), destination (4), then these two. */
export const TUPLE_WORDS = 10
export const PORTS = 8
export const KIND = 9

/** Words of protocol state that an entry has; TCP needs the most. */
export const STATE_WORDS = 24

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
