import { closeSync, openSync, writeSync } from "node:fs"
import type { CaptureRecord } from "../../core/packet/capture-record.js"
import {
  PCAP_RECORD_HEADER_LENGTH,
  pcapFileHeader,
  writePcapRecordHeader,
} from "../../core/packet/pcap-writer.js"
import { pcapngInterface, pcapngPacket, pcapngSection } from "../../core/packet/pcapng-writer.js"

const BUFFER_BYTES = 1 << 20
const STANDARD_OUTPUT = 1

/**
 * Writes records as a capture: pcapng where the path ends so, else pcap; both with nanoseconds. `-` is standard output.
 * A pcap file has one link type, that of its first record: `write` refuses others with false. Failures of the file system are
 * thrown, as node:fs does.
 */
export class CaptureWriter {
  /** Records written. */
  count = 0
  private readonly file: number
  private readonly isPcapng: boolean
  private readonly buffer = new Uint8Array(BUFFER_BYTES)
  private readonly view = new DataView(this.buffer.buffer)
  private used = 0
  private linkType = -1
  /** pcapng: `linkType name` of each interface written, in order. */
  private readonly interfaces: string[] = []

  constructor(path: string) {
    this.isPcapng = path.endsWith(".pcapng")
    this.file = path === "-" ? STANDARD_OUTPUT : openSync(path, "w")
    if (this.isPcapng) this.put(pcapngSection())
  }

  /** `interfaceName` and `comment` are kept only in pcapng. */
  write(record: CaptureRecord, interfaceName = "", comment = ""): boolean {
    const { view, offset, captured } = record
    const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, captured)
    if (this.isPcapng) this.writePcapng(record, bytes, interfaceName, comment)
    else if (this.linkType !== -1 && this.linkType !== record.linkType) return false
    else this.writePcap(record, bytes)
    this.count++
    return true
  }

  /** A capture without packets is a capture too, of this link type (1 is Ethernet). */
  close(linkType = 1): void {
    if (!this.isPcapng && this.linkType === -1) this.put(pcapFileHeader(linkType))
    this.flush()
    if (this.file !== STANDARD_OUTPUT) closeSync(this.file)
  }

  private writePcap(record: CaptureRecord, bytes: Uint8Array): void {
    if (this.linkType === -1) {
      this.linkType = record.linkType
      this.put(pcapFileHeader(record.linkType))
    }
    if (this.used + PCAP_RECORD_HEADER_LENGTH > BUFFER_BYTES) this.flush()
    writePcapRecordHeader(
      this.view,
      this.used,
      record.seconds,
      record.nanoseconds,
      bytes.length,
      Math.max(record.wire, bytes.length),
    )
    this.used += PCAP_RECORD_HEADER_LENGTH
    this.put(bytes)
  }

  private writePcapng(record: CaptureRecord, bytes: Uint8Array, name: string, comment: string): void {
    const key = `${record.linkType} ${name}`
    let interfaceIndex = this.interfaces.indexOf(key)
    if (interfaceIndex < 0) {
      interfaceIndex = this.interfaces.push(key) - 1
      this.put(pcapngInterface(record.linkType, name))
    }
    const { seconds, nanoseconds, direction } = record
    const wireLength = Math.max(record.wire, bytes.length)
    this.put(pcapngPacket({ interfaceIndex, seconds, nanoseconds, bytes, wireLength, direction, comment }))
  }

  private put(bytes: Uint8Array): void {
    if (this.used + bytes.length > BUFFER_BYTES) this.flush()
    if (bytes.length > BUFFER_BYTES) {
      writeWhole(this.file, bytes)
      return
    }
    this.buffer.set(bytes, this.used)
    this.used += bytes.length
  }

  private flush(): void {
    writeWhole(this.file, this.buffer.subarray(0, this.used))
    this.used = 0
  }
}

function writeWhole(file: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
}
