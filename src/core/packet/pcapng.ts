import type { Diagnostic } from "../base/diagnostic.js"
import type { DiagnosticId } from "../base/diagnostic-ids.js"
import type { ByteQueue } from "./byte-queue.js"
import type { CaptureFormat, FormatState } from "./capture-format.js"
import type { CaptureInterface, CaptureRecord } from "./capture-record.js"
import { newTimeScale, setTime, type TimeScale } from "./pcapng-time.js"

// https://ietf-opsawg-wg.github.io/draft-ietf-opsawg-pcap/draft-ietf-opsawg-pcapng.html
export const PCAPNG_SECTION = 0x0a0d0d0a
export const PCAPNG_INTERFACE = 1
export const PCAPNG_OBSOLETE_PACKET = 2
export const PCAPNG_SIMPLE_PACKET = 3
export const PCAPNG_ENHANCED_PACKET = 6
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d

const OPTION_END = 0
const OPTION_INTERFACE_NAME = 2
const OPTION_TIME_RESOLUTION = 9
const OPTION_TIME_OFFSET = 14
/** epb_flags, and pack_flags of the obsolete block. */
const OPTION_PACKET_FLAGS = 2

/** The shortest block: type, length, length again. */
const BLOCK_OVERHEAD = 12
const SECTION_MINIMUM = 28
/** Blocks that are read are kept whole in memory; others are skipped, however long. */
const MAXIMUM_BLOCK = 1 << 24
const MAXIMUM_INTERFACES = 65536

interface SectionInterface {
  readonly linkType: number
  readonly snapLength: number
  readonly scale: TimeScale
}

/** Reads a pcapng file: any number of sections in either byte order. */
export class PcapngFormat implements CaptureFormat {
  readonly name = "pcapng"
  readonly interfaces: CaptureInterface[] = []
  private readonly queue: ByteQueue
  private readonly reportMistake: (mistake: Diagnostic) => void
  private little = true
  /** Those of the section: a new one starts counting again. */
  private section: SectionInterface[] = []
  private sectionBase = 0
  /** Bytes of a block that nobody reads, still to come. */
  pending = 0
  private lastSeconds = 0
  private lastNanoseconds = 0

  constructor(queue: ByteQueue, report: (mistake: Diagnostic) => void) {
    this.queue = queue
    this.reportMistake = report
  }

  read(record: CaptureRecord): FormatState {
    for (;;) {
      const state = this.block(record)
      if (state !== "skipped") return state
    }
  }

  private block(record: CaptureRecord): FormatState | "skipped" {
    const { queue } = this
    if (this.pending > 0) {
      const skipped = Math.min(this.pending, queue.available)
      queue.consume(skipped)
      this.pending -= skipped
      if (this.pending > 0) return "more"
    }
    if (queue.available < BLOCK_OVERHEAD) return "more"
    const { view, start } = queue
    // The section block's type reads the same in both orders; what follows says which one it is.
    if (view.getUint32(start) === PCAPNG_SECTION) {
      const order = view.getUint32(start + 8, true)
      if (order !== BYTE_ORDER_MAGIC && view.getUint32(start + 8) !== BYTE_ORDER_MAGIC)
        return this.broken("capture-byte-order", "its byte-order magic is neither order's")
      this.little = order === BYTE_ORDER_MAGIC
    }
    const type = view.getUint32(start, this.little)
    const length = view.getUint32(start + 4, this.little)
    const minimum = type === PCAPNG_SECTION ? SECTION_MINIMUM : BLOCK_OVERHEAD
    if (length < minimum || length % 4 !== 0)
      return this.broken("capture-block-length", `its length is ${length}, which is no block's`)
    if (!isRead(type)) {
      this.pending = length
      return "skipped"
    }
    if (length > MAXIMUM_BLOCK)
      return this.broken("capture-block-length", `it claims ${length} bytes; ${MAXIMUM_BLOCK} is the most`)
    if (queue.available < length) return "more"
    const again = view.getUint32(start + length - 4, this.little)
    if (again !== length)
      return this.broken("capture-block-length", `its length is ${length} in front and ${again} at its end`)
    const state = this.body(record, type, start + 8, start + length - 4)
    if (state !== "broken") queue.consume(length)
    return state
  }

  private body(record: CaptureRecord, type: number, start: number, end: number): FormatState | "skipped" {
    switch (type) {
      case PCAPNG_SECTION:
        this.sectionBase += this.section.length
        this.section = []
        return this.sectionVersion(start)
      case PCAPNG_INTERFACE:
        return this.interfaceBlock(start, end)
      case PCAPNG_ENHANCED_PACKET:
        return this.enhanced(record, start, end)
      case PCAPNG_SIMPLE_PACKET:
        return this.simple(record, start, end)
      default:
        return this.obsolete(record, start, end)
    }
  }

  private sectionVersion(start: number): FormatState | "skipped" {
    const major = this.queue.view.getUint16(start + 4, this.little)
    if (major === 1) return "skipped"
    return this.broken("capture-version", `it is of pcapng version ${major}, of which nothing is known`)
  }

  private interfaceBlock(start: number, end: number): FormatState | "skipped" {
    if (end - start < 8) return this.broken("capture-block-length", "it is too short for an interface")
    if (this.interfaces.length >= MAXIMUM_INTERFACES)
      return this.broken("capture-interface", `it is the ${MAXIMUM_INTERFACES + 1}st interface`)
    const { view } = this.queue
    const { little } = this
    const linkType = view.getUint16(start, little)
    const snapLength = view.getUint32(start + 4, little)
    let name = ""
    let resolution = 6
    let offset = 0
    for (let at = start + 8; at + 4 <= end; ) {
      const code = view.getUint16(at, little)
      const length = view.getUint16(at + 2, little)
      const value = at + 4
      if (code === OPTION_END || value + length > end) break
      if (code === OPTION_INTERFACE_NAME) name = asciiText(view, value, length)
      else if (code === OPTION_TIME_RESOLUTION && length >= 1) resolution = view.getUint8(value)
      else if (code === OPTION_TIME_OFFSET && length >= 8) offset = Number(view.getBigInt64(value, little))
      at = value + ((length + 3) & ~3)
    }
    this.interfaces.push({ name, linkType, snapLength })
    this.section.push({ linkType, snapLength, scale: newTimeScale(resolution, offset) })
    return "skipped"
  }

  private enhanced(record: CaptureRecord, start: number, end: number): FormatState {
    if (end - start < 20) return this.broken("capture-block-length", "it is too short for a packet")
    const { view } = this.queue
    const { little } = this
    return this.packet(record, view.getUint32(start, little), start + 4, end)
  }

  private obsolete(record: CaptureRecord, start: number, end: number): FormatState {
    if (end - start < 20) return this.broken("capture-block-length", "it is too short for a packet")
    return this.packet(record, this.queue.view.getUint16(start, this.little), start + 4, end)
  }

  /** What the enhanced and the obsolete block share; `start` is at the time. */
  private packet(record: CaptureRecord, index: number, start: number, end: number): FormatState {
    const { view } = this.queue
    const { little } = this
    const found = this.section[index]
    if (!found) return this.broken("capture-interface", `its interface ${index} was never described`)
    const captured = view.getUint32(start + 8, little)
    const data = start + 16
    if (captured > end - data)
      return this.broken(
        "capture-record-length",
        `it claims ${captured} captured bytes and has ${end - data}`,
      )
    setTime(record, found.scale, view.getUint32(start, little), view.getUint32(start + 4, little))
    this.lastSeconds = record.seconds
    this.lastNanoseconds = record.nanoseconds
    record.view = view
    record.offset = data
    record.captured = captured
    record.wire = view.getUint32(start + 12, little)
    record.linkType = found.linkType
    record.hasTime = true
    record.interfaceIndex = this.sectionBase + index
    const options = data + ((captured + 3) & ~3)
    record.direction = options + 8 <= end ? this.direction(options, end) : 0
    return "record"
  }

  private simple(record: CaptureRecord, start: number, end: number): FormatState {
    const found = this.section[0]
    if (!found) return this.broken("capture-interface", "no interface was described before it")
    if (end - start < 4) return this.broken("capture-block-length", "it is too short for a packet")
    const wire = this.queue.view.getUint32(start, this.little)
    const captured = found.snapLength > 0 ? Math.min(wire, found.snapLength) : wire
    if (captured > end - start - 4)
      return this.broken(
        "capture-record-length",
        `it claims ${captured} captured bytes and has ${end - start - 4}`,
      )
    record.view = this.queue.view
    record.offset = start + 4
    record.captured = captured
    record.wire = wire
    record.linkType = found.linkType
    record.seconds = this.lastSeconds
    record.nanoseconds = this.lastNanoseconds
    record.hasTime = false
    record.interfaceIndex = this.sectionBase
    record.direction = 0
    return "record"
  }

  /** Bits 0 and 1 of the flags: 1 inbound, 2 outbound. */
  private direction(start: number, end: number): 0 | 1 | 2 {
    const { view } = this.queue
    for (let at = start; at + 8 <= end; ) {
      const code = view.getUint16(at, this.little)
      const length = view.getUint16(at + 2, this.little)
      if (code === OPTION_END) return 0
      if (code === OPTION_PACKET_FLAGS && length === 4) {
        const direction = view.getUint32(at + 4, this.little) & 3
        return direction === 1 || direction === 2 ? direction : 0
      }
      at += 4 + ((length + 3) & ~3)
    }
    return 0
  }

  private broken(id: DiagnosticId, message: string): "broken" {
    this.reportMistake({
      id,
      severity: "error",
      message: `the block at byte ${this.queue.consumed} cannot be read: ${message}`,
    })
    return "broken"
  }
}

function isRead(type: number): boolean {
  return (
    type === PCAPNG_ENHANCED_PACKET ||
    type === PCAPNG_INTERFACE ||
    type === PCAPNG_SECTION ||
    type === PCAPNG_SIMPLE_PACKET ||
    type === PCAPNG_OBSOLETE_PACKET
  )
}

/** Interface names are ASCII in practice; other bytes become `?`. */
function asciiText(view: DataView, offset: number, length: number): string {
  let text = ""
  for (let at = offset; at < offset + length; at++) {
    const byte = view.getUint8(at)
    if (byte === 0) break
    text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "?"
  }
  return text
}
