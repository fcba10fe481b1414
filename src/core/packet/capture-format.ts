import type { CaptureInterface, CaptureRecord } from "./capture-record.js"

/** `record`: there is one. `more`: the bytes end first. `broken`: nothing behind this can be read; a diagnostic says why. */
export type FormatState = "record" | "more" | "broken"

/** A reader of one file format over a shared queue of bytes. */
export interface CaptureFormat {
  readonly name: "pcap" | "pcapng"
  readonly interfaces: readonly CaptureInterface[]
  /** Bytes still to come of something that is skipped. */
  readonly pending: number
  read(record: CaptureRecord): FormatState
}
