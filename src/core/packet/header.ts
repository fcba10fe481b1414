/**
 * Numbers of the headers that nearly every packet has. In a file of their own that imports nothing: so they are numbers in a bundle, where V8 would load
 * and check variables at every use (engine/conntrack/layout.ts).
 */
export const ETHERNET_HEADER_LENGTH = 14
/** Below this the field is an IEEE 802.3 length, and LLC follows. Linux delivers no IP from LLC/SNAP frames on Ethernet. */
export const FIRST_ETHERTYPE = 0x0600

/** RFC 791: the shortest header, and the bits of its second word. */
export const IPV4_MINIMUM_HEADER = 20
export const DONT_FRAGMENT = 0x4000
export const MORE_FRAGMENTS = 0x2000
export const FRAGMENT_OFFSET = 0x1fff

/** RFC 8200. */
export const IPV6_HEADER_LENGTH = 40

export const UDP_HEADER_LENGTH = 8
export const ICMP_HEADER_LENGTH = 8
export const TCP_MINIMUM_HEADER = 20
/** Two no-operations, then timestamps: all the options that most segments carry. */
export const ONLY_TIMESTAMPS = 0x0101080a
