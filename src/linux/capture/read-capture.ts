import { closeSync, fstatSync, openSync, readSync } from "node:fs"
import { setImmediate } from "node:timers/promises"
import type { Diagnostic } from "../../core/base/diagnostic.js"
import { Capture } from "../../core/packet/capture.js"
import { type CaptureInterface, CaptureRecord } from "../../core/packet/capture-record.js"
import { Decompressor, isGzip } from "./decompressor.js"
import { reasonOf } from "./reason.js"

/** Large enough that the calls cost nothing, small enough for the second-level cache. */
const CHUNK_BYTES = 1 << 20
/** Let signals and timers in now and then: 16 MiB take about 50 ms. */
const CHUNKS_PER_TURN = 16

export interface CaptureSummary {
  readonly packets: number
  readonly format: "pcap" | "pcapng" | ""
  readonly interfaces: readonly CaptureInterface[]
  /** Why the file could not be read, or not to its end. */
  readonly diagnostics: readonly Diagnostic[]
}

export interface ReadCaptureOptions {
  /** Bytes read so far, and the file's size where it has one. */
  readonly onProgress?: (read: number, size: number | undefined) => void
}

/**
 * Called for every packet with the same record, which is valid until it returns. `false` stops the reading. The capture tells
 * what interfaces the file has described until now.
 */
export type OnRecord = (record: CaptureRecord, capture: Capture) => boolean | undefined | undefined

/**
 * Reads a capture (pcap or pcapng, either of them gzipped) from a file, or from standard input for `-`, in constant memory. A file that
 * cannot be opened, is damaged or ends too early gives diagnostics, never an exception; what `onRecord` throws comes through.
 */
export async function readCapture(
  path: string,
  onRecord: OnRecord,
  options: ReadCaptureOptions = {},
): Promise<CaptureSummary> {
  const feeder = new Feeder(onRecord)
  if (path === "-") await fromStream(process.stdin, feeder, options)
  else await fromFile(path, feeder, options)
  return feeder.finish(path === "-" ? "standard input" : path)
}

/** Takes bytes, compressed or not, and gives records. */
class Feeder {
  readonly capture = new Capture(4 * CHUNK_BYTES)
  readonly diagnostics: Diagnostic[] = []
  private readonly record = new CaptureRecord()
  private readonly onRecord: OnRecord
  private decompressor: Decompressor | undefined
  private refused = false

  constructor(onRecord: OnRecord) {
    this.onRecord = onRecord
  }

  /** True: more bytes would not change anything. */
  get isDone(): boolean {
    return this.refused || this.capture.isStopped
  }

  get isCompressed(): boolean {
    return this.decompressor !== undefined
  }

  startDecompressing(): void {
    this.decompressor = new Decompressor((piece) => {
      if (this.isDone) return
      this.capture.push(piece)
      this.drain()
    })
  }

  async decompress(bytes: Uint8Array): Promise<void> {
    await this.decompressor?.write(bytes)
  }

  drain(): void {
    const { capture, record, onRecord } = this
    while (capture.read(record)) {
      if (onRecord(record, capture) !== false) continue
      this.refused = true
      return
    }
  }

  async finish(name: string): Promise<CaptureSummary> {
    const fault = await this.decompressor?.end()
    const { capture, diagnostics } = this
    if (!this.refused && (diagnostics.length === 0 || capture.count > 0)) {
      if (fault !== undefined)
        diagnostics.push({
          id: "capture-gzip",
          severity: "error",
          message: `the compressed capture ${fault}`,
        })
      capture.end()
      diagnostics.push(...capture.diagnostics)
    }
    return {
      packets: capture.count,
      format: capture.formatName,
      interfaces: capture.interfaces,
      diagnostics: diagnostics.map((each) => ({
        ...each,
        message: `${name}${each.message.startsWith("cannot ") ? "" : ":"} ${each.message}`,
      })),
    }
  }

  fail(error: unknown): void {
    const message = `cannot be read: ${reasonOf(error)}`
    this.diagnostics.push({ id: "unreadable-file", severity: "error", message })
  }
}

async function fromFile(path: string, feeder: Feeder, { onProgress }: ReadCaptureOptions): Promise<void> {
  let file: number
  try {
    file = openSync(path, "r")
  } catch (error) {
    feeder.fail(error)
    return
  }
  try {
    const status = fstatSync(file)
    const size = status.isFile() ? status.size : undefined
    let total = 0
    for (let chunk = 1; !feeder.isDone; chunk++) {
      const read = await oneChunk(file, feeder, total === 0)
      if (read === 0) break
      total += read
      onProgress?.(total, size)
      if (chunk % CHUNKS_PER_TURN === 0) await setImmediate()
    }
    onProgress?.(total, size)
  } finally {
    closeSync(file)
  }
}

/** Straight into the capture's own buffer where nothing has to be decompressed. Returns how many bytes were read. */
async function oneChunk(file: number, feeder: Feeder, isFirst: boolean): Promise<number> {
  const room = feeder.isCompressed ? new Uint8Array(CHUNK_BYTES) : feeder.capture.reserve(CHUNK_BYTES)
  let read = 0
  try {
    read = readSync(file, room, 0, CHUNK_BYTES, null)
  } catch (error) {
    feeder.fail(error)
    return 0
  }
  if (isFirst && isGzip(room.subarray(0, read))) feeder.startDecompressing()
  if (feeder.isCompressed) await feeder.decompress(room.slice(0, read))
  else {
    feeder.capture.commit(read)
    feeder.drain()
  }
  return read
}

async function fromStream(
  stream: AsyncIterable<Uint8Array>,
  feeder: Feeder,
  { onProgress }: ReadCaptureOptions,
): Promise<void> {
  let total = 0
  try {
    for await (const piece of stream) {
      if (total === 0 && isGzip(piece)) feeder.startDecompressing()
      total += piece.length
      if (feeder.isCompressed) await feeder.decompress(piece)
      else {
        feeder.capture.push(piece)
        feeder.drain()
      }
      onProgress?.(total, undefined)
      if (feeder.isDone) break
    }
  } catch (error) {
    feeder.fail(error)
  }
}
