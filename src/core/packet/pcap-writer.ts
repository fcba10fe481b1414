import { PCAP_NANOSECONDS } from "./pcap.js"

export const PCAP_FILE_HEADER_LENGTH = 24
export const PCAP_RECORD_HEADER_LENGTH = 16

/** The file header of a little-endian pcap with nanoseconds. */
export function pcapFileHeader(linkType: number): Uint8Array {
  const bytes = new Uint8Array(PCAP_FILE_HEADER_LENGTH)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, PCAP_NANOSECONDS, true)
  view.setUint16(4, 2, true)
  view.setUint16(6, 4, true)
  view.setUint32(16, 262144, true)
  view.setUint32(20, linkType, true)
  return bytes
}

/** Writes a record header at `offset` of `view`; the packet's `captured` bytes follow it. */
export function writePcapRecordHeader(
  view: DataView,
  offset: number,
  seconds: number,
  nanoseconds: number,
  captured: number,
  wire: number,
): void {
  view.setUint32(offset, seconds, true)
  view.setUint32(offset + 4, nanoseconds, true)
  view.setUint32(offset + 8, captured, true)
  view.setUint32(offset + 12, wire, true)
}

/** A packet of a script or a test, to be written as a capture. */
export interface WrittenPacket {
  /** Nanoseconds since `start` of `encodePcap`. */
  readonly time: number
  readonly bytes: Uint8Array
  readonly wireLength?: number
}

/** A whole pcap file in memory; `startSeconds` is when time 0 was, in seconds since 1970. */
export function encodePcap(
  packets: readonly WrittenPacket[],
  linkType: number,
  startSeconds: number,
): Uint8Array {
  const length = packets.reduce((sum, { bytes }) => sum + PCAP_RECORD_HEADER_LENGTH + bytes.length, 0)
  const file = new Uint8Array(PCAP_FILE_HEADER_LENGTH + length)
  const view = new DataView(file.buffer)
  file.set(pcapFileHeader(linkType))
  let at = PCAP_FILE_HEADER_LENGTH
  for (const { time, bytes, wireLength = bytes.length } of packets) {
    const seconds = Math.floor(time / 1e9)
    writePcapRecordHeader(view, at, startSeconds + seconds, time - seconds * 1e9, bytes.length, wireLength)
    file.set(bytes, at + PCAP_RECORD_HEADER_LENGTH)
    at += PCAP_RECORD_HEADER_LENGTH + bytes.length
  }
  return file
}
