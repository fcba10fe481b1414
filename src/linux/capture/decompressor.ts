import { createGunzip, type Gunzip } from "node:zlib"

/** RFC 1952 section 2.3.1. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

/**
 * gzip in, bytes out, one piece at a time: `write` resolves when all that the piece holds has been given on, so that memory stays
 * constant and nothing before a damaged place is lost.
 */
export class Decompressor {
  private readonly gunzip: Gunzip
  private fault: string | undefined
  /** What `onBytes` threw: an exception inside of a stream's event would end the process. */
  private thrown: { readonly error: unknown } | undefined

  constructor(onBytes: (bytes: Uint8Array) => void) {
    this.gunzip = createGunzip({ chunkSize: 1 << 18 })
    this.gunzip.on("data", (bytes: Uint8Array) => {
      try {
        if (!this.thrown) onBytes(bytes)
      } catch (error) {
        this.thrown = { error }
      }
    })
    this.gunzip.on("error", (error) => {
      this.fault = `is damaged or cut short (${error.message})`
    })
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.fault !== undefined) return
    await new Promise<void>((resolve) => this.gunzip.write(bytes, () => resolve()))
    if (this.thrown) throw this.thrown.error
  }

  /** What was wrong, if something was. */
  async end(): Promise<string | undefined> {
    if (this.fault !== undefined) return this.fault
    await new Promise<void>((resolve) => {
      this.gunzip.once("close", resolve)
      this.gunzip.end()
    })
    if (this.thrown) throw this.thrown.error
    return this.fault
  }
}
