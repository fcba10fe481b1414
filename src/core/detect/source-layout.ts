// Numbers of the table of sources, and of what is held of each.

/** Words of a row: the source's address, its family, how many keep something of it, its hash, and the next free row. Behind them stand places, two a word. */
export const FAMILY = 4
export const KEEPERS = 5
export const HASH = 6
export const NEXT = 7
export const HEAD = 8
export const LEAST_ROWS = 1 << 10
export const LEAST_KEEPERS = 48

/** Words of counting memory that one detector may take, for all its sources. */
export const MEMORY = 1 << 19
export const MOST_SOURCES = 1 << 14
export const LEAST_SOURCES = 1 << 8
/** Seconds in which the same source is told once, at least. */
export const LEAST_PAUSE = 60
/** A source has so many places to be at. */
export const WAYS = 8
// What is held of a place: a line of the cache.
/** Seconds; when its source was last seen. */
export const SEEN = 0
/** The least goes first. */
export const WEIGHT = 1
export const TOTAL = 2
export const FIRST = 3
export const TOLD = 4
export const REPETITION = 5
export const FOUND = 6
export const CELLS = 8
