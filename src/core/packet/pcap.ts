import type { Diagnostic } from "../base/diagnostic.js"
import type { ByteQueue } from "./byte-queue.js"
import type { CaptureFormat, FormatState } from "./capture-format.js"
import type { CaptureInterface, CaptureRecord } from "./capture-record.js"

/** https://www.tcpdump.org/manpages/pcap-savefile.5.html */
export const PCAP_MICROSECONDS = 0xa1b2c3d4
export const PCAP_NANOSECONDS = 0xa1b23c4d
/** Alexey Kuznetsov's patched libpcap: eight more bytes a record (interface index, protocol, packet type). */
export const PCAP_KUZNETSOV = 0xa1b2cd34

const FILE_HEADER = 24
const RECORD_HEADER = 16
const RECORD_HEADER_KUZNETSOV = 24
/** libpcap's MAXIMUM_SNAPLEN, its bound for what a record may claim; a larger snap length in the file header lifts it, to 16 MiB. */
const MAXIMUM_CAPTURED = 262144
const MAXIMUM_SNAP = 1 << 24

/** True where the four bytes, read in either order, begin a pcap file. */
export function isPcapMagic(big: number, little: number): boolean {
  return isMagic(big) || isMagic(little)
}

function isMagic(word: number): boolean {
  return word === PCAP_MICROSECONDS || word === PCAP_NANOSECONDS || word === PCAP_KUZNETSOV
}

/** Reads a pcap file: both byte orders, micro- and nanoseconds. */
export class PcapFormat implements CaptureFormat {
  readonly name = "pcap"
  readonly interfaces: CaptureInterface[] = []
  readonly pending = 0
  private readonly queue: ByteQueue
  private readonly report: (mistake: Diagnostic) => void
  private hasHeader = false
  private little = false
  private nanoseconds = false
  private recordHeader = RECORD_HEADER
  private minor = 4
  private linkType = 0
  private maximum = MAXIMUM_CAPTURED

  constructor(queue: ByteQueue, report: (mistake: Diagnostic) => void) {
    this.queue = queue
    this.report = report
  }

  read(record: CaptureRecord): FormatState {
    if (!this.hasHeader) {
      if (this.queue.available < FILE_HEADER) return "more"
      this.header()
    }
    const { queue } = this
    if (queue.available < this.recordHeader) return "more"
    const { view, start } = queue
    const { little } = this
    let captured = view.getUint32(start + 8, little)
    let wire = view.getUint32(start + 12, little)
    // Files before version 2.3 had the two the other way round, and 2.3 was written both ways (libpcap, sf-pcap.c).
    if (this.minor < 3 || (this.minor === 3 && captured > wire)) {
      const swapped = captured
      captured = wire
      wire = swapped
    }
    if (captured > this.maximum) {
      this.report({
        id: "capture-record-length",
        severity: "error",
        message: `the record at byte ${queue.consumed} claims ${captured} captured bytes; ${this.maximum} is the most`,
      })
      return "broken"
    }
    if (queue.available < this.recordHeader + captured) return "more"
    const fraction = view.getUint32(start + 4, little)
    const perSecond = this.nanoseconds ? 1e9 : 1e6
    record.view = view
    record.offset = start + this.recordHeader
    record.captured = captured
    record.wire = wire
    record.linkType = this.linkType
    record.seconds = view.getUint32(start, little)
    record.nanoseconds = this.nanoseconds ? fraction : fraction * 1000
    if (fraction >= perSecond) {
      record.seconds += Math.floor(fraction / perSecond)
      record.nanoseconds = (fraction % perSecond) * (1e9 / perSecond)
    }
    record.hasTime = true
    record.interfaceIndex = 0
    record.direction = 0
    if (this.recordHeader === RECORD_HEADER_KUZNETSOV)
      record.direction = view.getUint8(start + 22) === 4 ? 2 : 1
    queue.consume(this.recordHeader + captured)
    return "record"
  }

  private header(): void {
    const { queue } = this
    const { view, start } = queue
    this.hasHeader = true
    this.little = isMagic(view.getUint32(start, true))
    const magic = view.getUint32(start, this.little)
    this.nanoseconds = magic === PCAP_NANOSECONDS
    this.recordHeader = magic === PCAP_KUZNETSOV ? RECORD_HEADER_KUZNETSOV : RECORD_HEADER
    this.minor = view.getUint16(start + 4, this.little) === 2 ? view.getUint16(start + 6, this.little) : 4
    const snapLength = view.getUint32(start + 16, this.little)
    this.maximum = Math.max(MAXIMUM_CAPTURED, Math.min(snapLength, MAXIMUM_SNAP))
    // The upper half says whether frames end in a check sequence.
    this.linkType = view.getUint32(start + 20, this.little) & 0xffff
    this.interfaces.push({ name: "", linkType: this.linkType, snapLength })
    queue.consume(FILE_HEADER)
  }
}
