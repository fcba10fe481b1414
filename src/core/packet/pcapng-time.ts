import type { CaptureRecord } from "./capture-record.js"

/** How an interface counts time. */
export interface TimeScale {
  readonly unitsPerSecond: bigint
  /** The same as a number, or 0 where the arithmetic below is not exact with it. */
  readonly decimalUnits: number
  /** Seconds to add (if_tsoffset). */
  readonly offset: number
}

/** `resolution` is if_tsresol: a negative power of ten, or of two where its highest bit is set. */
export function newTimeScale(resolution: number, offset: number): TimeScale {
  const exponent = BigInt(resolution & 0x7f)
  const isBinary = (resolution & 0x80) !== 0
  const unitsPerSecond = (isBinary ? 2n : 10n) ** exponent
  const decimalUnits = !isBinary && unitsPerSecond <= 1_000_000_000n ? Number(unitsPerSecond) : 0
  return { unitsPerSecond, decimalUnits, offset }
}

/** Sets the record's time from a 64-bit count of units, exact to the nanosecond (cut, not rounded, below it). */
export function setTime(record: CaptureRecord, scale: TimeScale, high: number, low: number): void {
  const units = scale.decimalUnits
  if (units === 0) {
    setExactTime(record, scale, high, low)
    return
  }
  // Long division with 32, 16 and 16 bits: no step is above 2^46.
  const highQuotient = Math.floor(high / units)
  let rest = (high - highQuotient * units) * 65536 + (low >>> 16)
  const middleQuotient = Math.floor(rest / units)
  rest = (rest - middleQuotient * units) * 65536 + (low & 0xffff)
  const lowQuotient = Math.floor(rest / units)
  rest -= lowQuotient * units
  record.seconds = highQuotient * 0x100000000 + middleQuotient * 65536 + lowQuotient + scale.offset
  record.nanoseconds = rest * (1e9 / units)
}

/** Powers of two, and finer than nanoseconds: rare, so BigInt will do. */
function setExactTime(record: CaptureRecord, scale: TimeScale, high: number, low: number): void {
  const count = BigInt(high) * 0x100000000n + BigInt(low)
  record.seconds = Number(count / scale.unitsPerSecond) + scale.offset
  record.nanoseconds = Number(((count % scale.unitsPerSecond) * 1_000_000_000n) / scale.unitsPerSecond)
}
