/** Cuts a stream of bytes into lines. A line that is longer than `maximum` is thrown away, whatever it was: memory has a bound. */
export interface Lines {
  push(chunk: Uint8Array): void
  /** Begins anew: what was half a line is forgotten. */
  reset(): void
  readonly tooLong: number
}

const NEWLINE = 10

export function splitLines(each: (line: string) => void, maximum = 1 << 16): Lines {
  /** What has come of a line that has no end yet. */
  let parts: Buffer[] = []
  let held = 0
  let skipping = false
  let tooLong = 0

  const forget = () => {
    parts = []
    held = 0
  }
  return {
    push(chunk) {
      let from = 0
      for (;;) {
        const end = chunk.indexOf(NEWLINE, from)
        const part = chunk.subarray(from, end < 0 ? chunk.length : end)
        if (!skipping && held + part.length > maximum) {
          skipping = true
          tooLong++
          forget()
        }
        if (end < 0) {
          // A copy: the chunk is its reader's, who fills it again.
          if (!skipping && part.length > 0) parts.push(Buffer.from(part))
          if (!skipping) held += part.length
          return
        }
        if (!skipping) {
          const whole = parts.length === 0 ? part : Buffer.concat([...parts, part])
          forget()
          each(Buffer.from(whole.buffer, whole.byteOffset, whole.length).toString("utf8"))
        }
        skipping = false
        from = end + 1
      }
    },
    reset() {
      forget()
      skipping = false
    },
    get tooLong() {
      return tooLong
    },
  }
}
