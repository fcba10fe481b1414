import { Capture } from "./capture.js"
import { CaptureRecord } from "./capture-record.js"

export interface ReadResult {
  /** `seconds.nanoseconds link/interface captured of wire direction: bytes` of each packet. */
  readonly packets: readonly string[]
  /** Ids and messages. */
  readonly diagnostics: readonly string[]
}

/** Reads a whole capture, pushed in pieces of `step` bytes. */
export function readAll(file: Uint8Array, step = file.length || 1): ReadResult {
  const capture = new Capture(64)
  const record = new CaptureRecord()
  const packets: string[] = []
  for (let at = 0; at < file.length; at += step) {
    capture.push(file.subarray(at, at + step))
    while (capture.read(record)) packets.push(describe(record))
  }
  capture.end()
  return { packets, diagnostics: capture.diagnostics.map(({ id, message }) => `${id}: ${message}`) }
}

function describe(record: CaptureRecord): string {
  const { view, offset, captured } = record
  const bytes = Array.from(new Uint8Array(view.buffer, view.byteOffset + offset, captured), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("")
  const time = record.hasTime ? `${record.seconds}.${String(record.nanoseconds).padStart(9, "0")}` : "no time"
  const way = ["", " in", " out"][record.direction]
  return `${time} ${record.linkType}/${record.interfaceIndex} ${captured} of ${record.wire}${way}: ${bytes}`
}
