import { HZ } from "../jiffies.js"

/**
 * The three ways in which xt_hashlimit (revision 3, which iptables has used since 1.6.2) counts, each with its numbers side by side in one array: an entry has
 * `HASHLIMIT_WORDS` of them.
 */
export interface HashlimitRate {
  /** A new entry. */
  begin(state: Float64Array, at: number, now: number): void
  /** Ticks have passed; not called for a new entry. */
  refill(state: Float64Array, at: number, now: number): void
  /** Is a packet of so many bytes within the limit? Spends it. */
  take(state: Float64Array, at: number, length: number): boolean
}

export const HASHLIMIT_WORDS = 3

/** Parts of a second of the average interval (XT_HASHLIMIT_SCALE_v2). */
const SCALE = 1e6
/** A tick's credit is 2^39, the largest power of two that fits a day's into 64 bits. Numbers of 64 bits are kept as two: whole ticks, and the rest. */
const TICK = 2 ** 39
/** Credit for one part of an average interval: the kernel divides the constants first (user2credits). */
const CREDITS_PER_PART = Math.floor((HZ * TICK) / SCALE)

/** Credits of an interval in parts of a second, as ticks and rest; exact. */
function creditsOf(parts: number): readonly [ticks: number, rest: number] {
  // parts is below 2^41 and the factor below 2^28: multiplied in two halves.
  const high = Math.floor(parts / 2 ** 20)
  const low = parts % 2 ** 20
  const upper = high * CREDITS_PER_PART
  const lower = low * CREDITS_PER_PART
  // upper * 2^20 is upper >> 19 ticks, and what is left.
  const rest = (upper % 2 ** 19) * 2 ** 20 + lower
  return [Math.floor(upper / 2 ** 19) + Math.floor(rest / TICK), rest % TICK]
}

/** Does the bucket fit the kernel's 64 bits? It takes no other ("Overflow, try lower"). */
export function hashlimitOverflows(average: number, burst: number): boolean {
  if (burst === 0) return true
  const [ticks] = creditsOf(average * burst)
  return ticks >= 2 ** 25
}

/** Packets: a bucket of `burst` average intervals, each packet costs one. */
export function packetBucket(average: number, burst: number): HashlimitRate {
  const [costTicks, costRest] = creditsOf(average)
  const [fullTicks, fullRest] = creditsOf(average * burst)
  return {
    begin(state, at, now) {
      state[at] = now
      state[at + 1] = fullTicks
      state[at + 2] = fullRest
    },
    refill(state, at, now) {
      const ticks = state[at + 1]! + now - state[at]!
      state[at] = now
      if (ticks > fullTicks || (ticks === fullTicks && state[at + 2]! > fullRest)) {
        state[at + 1] = fullTicks
        state[at + 2] = fullRest
      } else state[at + 1] = ticks
    },
    take(state, at) {
      const ticks = state[at + 1]!
      const rest = state[at + 2]!
      if (ticks < costTicks || (ticks === costTicks && rest < costRest)) return false
      const borrows = rest < costRest
      state[at + 1] = ticks - costTicks - (borrows ? 1 : 0)
      state[at + 2] = rest - costRest + (borrows ? TICK : 0)
      return true
    },
  }
}

/** Bytes are counted in chunks of 16, one more than a packet fills. */
function chunksOf(length: number): number {
  return Math.floor(length / 16) + 1
}

/** A tick's credit where bytes are counted, and a second's. */
const BYTE_TICK = 2 ** 24
const BYTE_SECOND = BYTE_TICK * HZ

/** Bytes: one second's credit; where it does not suffice it is given once more, up to `burst` times in an entry's life. `average` is what `bytesToCost` makes. */
export function byteBucket(average: number, burst: number): HashlimitRate {
  const cost = Math.floor((average * BYTE_SECOND) / 2 ** 32)
  return {
    begin(state, at, now) {
      state[at] = now
      state[at + 1] = BYTE_SECOND
      state[at + 2] = burst
    },
    refill(state, at, now) {
      state[at + 1] = Math.min(BYTE_SECOND, state[at + 1]! + (now - state[at]!) * BYTE_TICK)
      state[at] = now
    },
    take(state, at, length) {
      const price = Math.min(BYTE_SECOND, chunksOf(length) * cost)
      if (state[at + 1]! < price && state[at + 2]! > 0) {
        state[at + 2]! -= 1
        state[at + 1] = BYTE_SECOND
      }
      if (state[at + 1]! < price) return false
      state[at + 1]! -= price
      return true
    },
  }
}

/** iptables hands the kernel 2^32 divided by a second's chunks. */
export function bytesToCost(bytes: number): number {
  return Math.floor(0xffffffff / (Math.floor(bytes / 16) + 1))
}

/** What is left of a second's bytes after the way there and back. */
export function costToBytes(cost: number): number {
  return (Math.floor(0xffffffff / Math.max(1, cost)) - 1) * 16
}

/**
 * `--hashlimit-rate-match`: counts what comes in windows of `interval` seconds; within the limit while a window has no more than `burst`, and the window before it did
 * not exceed the rate. A window ends with the first packet behind it.
 */
export function rateWindow(rate: number, burst: number, interval: number, bytes: boolean): HashlimitRate {
  const ticks = interval * HZ
  return {
    begin(state, at, now) {
      state[at] = now
      state[at + 1] = 0
      state[at + 2] = 0
    },
    refill(state, at, now) {
      const elapsed = now - state[at]!
      if (elapsed < ticks || elapsed === 0) return
      state[at] = now
      state[at + 2] = state[at + 1]! * ticks > elapsed * rate ? 1 : 0
      state[at + 1] = 0
    },
    take(state, at, length) {
      state[at + 1]! += bytes ? length : 1
      return state[at + 2] === 0 && state[at + 1]! <= burst
    },
  }
}
