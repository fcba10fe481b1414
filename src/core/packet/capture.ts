import type { Diagnostic } from "../base/diagnostic.js"
import { ByteQueue } from "./byte-queue.js"
import type { CaptureFormat } from "./capture-format.js"
import type { CaptureInterface, CaptureRecord } from "./capture-record.js"
import { isPcapMagic, PcapFormat } from "./pcap.js"
import { PCAPNG_SECTION, PcapngFormat } from "./pcapng.js"

/**
 * Reads a capture in pcap or pcapng form, in constant memory: bytes in, records out.
 *
 *     const capture = new Capture()
 *     capture.push(bytes)
 *     while (capture.read(record)) …
 *     …again, then capture.end()
 *
 * Never throws. A file that is cut short or broken ends with a diagnostic; every packet before that place is delivered.
 */
export class Capture {
  readonly diagnostics: Diagnostic[] = []
  /** Packets read. */
  count = 0
  private readonly queue: ByteQueue
  private format: CaptureFormat | undefined
  private stopped = false

  constructor(capacity?: number) {
    this.queue = new ByteQueue(capacity)
  }

  /** "" until four bytes have come. */
  get formatName(): "pcap" | "pcapng" | "" {
    return this.format?.name ?? ""
  }

  /** What the file has described so far; `CaptureRecord.interfaceIndex` is an index into it. */
  get interfaces(): readonly CaptureInterface[] {
    return this.format?.interfaces ?? []
  }

  /** Nothing more will be read: the file is broken, or not a capture. */
  get isStopped(): boolean {
    return this.stopped
  }

  /** Takes a copy of the bytes. Records read before are no longer valid. */
  push(bytes: Uint8Array): void {
    this.reserve(bytes.length).set(bytes)
    this.commit(bytes.length)
  }

  /** Room to read a file into without a copy; `commit` says how much of it was used. Records read before are no longer valid. */
  reserve(size: number): Uint8Array {
    // A broken file is not kept: there is nobody to read it.
    if (this.stopped) this.queue.consume(this.queue.available)
    return this.queue.reserve(size)
  }

  commit(size: number): void {
    this.queue.commit(size)
  }

  /** Fills `record` with the next packet. False: there is none until more bytes are pushed. */
  read(record: CaptureRecord): boolean {
    if (this.stopped) return false
    this.format ??= this.recognise()
    const state = this.format?.read(record)
    if (state === "record") {
      this.count++
      return true
    }
    if (state === "broken") this.stopped = true
    return false
  }

  /** No more bytes will come: says what is missing. */
  end(): void {
    if (this.stopped) return
    this.stopped = true
    const left = this.queue.available + (this.format?.pending ?? 0)
    if (this.queue.consumed === 0) {
      this.report({
        id: "capture-unknown-format",
        severity: "error",
        message: left === 0 ? "the file is empty" : "the file ends inside its header",
      })
    } else if (left > 0) {
      this.report({
        id: "capture-truncated",
        severity: "warning",
        message: `the capture ends inside the record at byte ${this.queue.consumed}, behind packet ${this.count}`,
      })
    }
  }

  private recognise(): CaptureFormat | undefined {
    if (this.queue.available < 4) return undefined
    const { view, start } = this.queue
    const report = (mistake: Diagnostic) => this.report(mistake)
    const big = view.getUint32(start)
    if (big === PCAPNG_SECTION) return new PcapngFormat(this.queue, report)
    if (isPcapMagic(big, view.getUint32(start, true))) return new PcapFormat(this.queue, report)
    this.stopped = true
    const magic = big.toString(16).padStart(8, "0")
    this.report({
      id: "capture-unknown-format",
      severity: "error",
      message: `this is neither pcap nor pcapng: it begins with ${magic}`,
    })
    return undefined
  }

  private report(mistake: Diagnostic): void {
    this.diagnostics.push(mistake)
  }
}
