/** What a protocol's tracker says of a packet; above 0 is why it is invalid (invalid.ts). */
export const TAKEN = 0
/** The connection was given up: look the packet up again, it begins a new one. */
export const AGAIN = -1
