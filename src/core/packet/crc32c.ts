/** The table of CRC-32c (Castagnoli, reflected polynomial 0x82f63b78). */
const table = new Uint32Array(256)
for (let value = 0; value < 256; value++) {
  let remainder = value
  for (let bit = 0; bit < 8; bit++)
    remainder = remainder & 1 ? (remainder >>> 1) ^ 0x82f63b78 : remainder >>> 1
  table[value] = remainder >>> 0
}

/**
 * SCTP's checksum (RFC 9260 appendix A) of `length` bytes at `offset`, the field's own four bytes (8 to 11) taken as zero: as the
 * big-endian word that stands in the header.
 */
export function sctpChecksum(view: DataView, offset: number, length: number): number {
  let crc = 0xffffffff
  for (let index = 0; index < length; index++) {
    const byte = index >= 8 && index < 12 ? 0 : view.getUint8(offset + index)
    crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!
  }
  const value = ~crc
  // The reflected sum is sent with its lowest byte first.
  return (
    (((value & 0xff) << 24) |
      ((value & 0xff00) << 8) |
      ((value >>> 8) & 0xff00) |
      ((value >>> 24) & 0xff)) >>>
    0
  )
}
