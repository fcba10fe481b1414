/**
 * Bob Jenkins' lookup3 (public domain), as the kernel's jhash takes it: bytes in threes of little-endian words, begun with the length and a seed. It makes the same
 * number as `jhash … seed …` in a rule.
 */
export function jenkinsHash(bytes: Uint8Array, length: number, seed: number): number {
  let a = (0xdeadbeef + length + seed) | 0
  let b = a
  let c = a
  let at = 0
  const word = (offset: number): number => {
    let value = 0
    for (let index = 3; index >= 0; index--)
      value = (value << 8) | (offset + index < length ? bytes[offset + index]! : 0)
    return value
  }
  while (length - at > 12) {
    a = (a + word(at)) | 0
    b = (b + word(at + 4)) | 0
    c = (c + word(at + 8)) | 0
    a = ((a - c) ^ rotate(c, 4)) | 0
    c = (c + b) | 0
    b = ((b - a) ^ rotate(a, 6)) | 0
    a = (a + c) | 0
    c = ((c - b) ^ rotate(b, 8)) | 0
    b = (b + a) | 0
    a = ((a - c) ^ rotate(c, 16)) | 0
    c = (c + b) | 0
    b = ((b - a) ^ rotate(a, 19)) | 0
    a = (a + c) | 0
    c = ((c - b) ^ rotate(b, 4)) | 0
    b = (b + a) | 0
    at += 12
  }
  if (length === at) return c >>> 0
  a = (a + word(at)) | 0
  b = (b + word(at + 4)) | 0
  c = (c + word(at + 8)) | 0
  c = ((c ^ b) - rotate(b, 14)) | 0
  a = ((a ^ c) - rotate(c, 11)) | 0
  b = ((b ^ a) - rotate(a, 25)) | 0
  c = ((c ^ b) - rotate(b, 16)) | 0
  a = ((a ^ c) - rotate(c, 4)) | 0
  b = ((b ^ a) - rotate(a, 14)) | 0
  c = ((c ^ b) - rotate(b, 24)) | 0
  return c >>> 0
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
