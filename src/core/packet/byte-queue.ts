/**
 * Bytes that came and were not read yet, in one buffer that is used again and again. It grows to hold the longest record, and not with
 * the file.
 */
export class ByteQueue {
  view: DataView
  /** Where the unread bytes start and end in `view`. */
  start = 0
  end = 0
  /** Bytes of the file before `start`. */
  consumed = 0
  private bytes: Uint8Array

  constructor(capacity = 1 << 16) {
    this.bytes = new Uint8Array(capacity)
    this.view = new DataView(this.bytes.buffer)
  }

  get available(): number {
    return this.end - this.start
  }

  /** Room for at least `size` bytes, to write into before `commit`. Unread bytes may move: earlier views of them are stale. */
  reserve(size: number): Uint8Array {
    if (this.bytes.length - this.end < size) {
      const unread = this.bytes.subarray(this.start, this.end)
      if (this.bytes.length - unread.length < size) {
        const grown = new Uint8Array(Math.max(2 * this.bytes.length, unread.length + size))
        grown.set(unread)
        this.bytes = grown
        this.view = new DataView(grown.buffer)
      } else this.bytes.copyWithin(0, this.start, this.end)
      this.end -= this.start
      this.start = 0
    }
    return this.bytes.subarray(this.end)
  }

  /** `size` bytes were written to what `reserve` gave. */
  commit(size: number): void {
    this.end += size
  }

  consume(size: number): void {
    this.start += size
    this.consumed += size
  }
}
