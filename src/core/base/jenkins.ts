/** The golden ratio of Bob Jenkins' lookup3 (2006, public domain), as Linux starts it. */
const START = 0xdeadbeef

/**
 * lookup3 over little-endian words, as `jhash2` of linux/jhash.h, and as `jhash` of as many bytes where zeros fill the last word. The kernel chooses among several addresses with it, without a secret, so that
 * the choice can be foretold, and rules have it as `jhash … seed …`.
 */
export function jenkins(words: Uint32Array, count: number, seed: number, bytes: number = count << 2): number {
  let a = (START + bytes + seed) | 0
  let b = a
  let c = a
  let left = count
  let from = 0
  while (left > 3) {
    a = (a + words[from]!) | 0
    b = (b + words[from + 1]!) | 0
    c = (c + words[from + 2]!) | 0
    a = (a - c) ^ rotate(c, 4)
    c = (c + b) | 0
    b = (b - a) ^ rotate(a, 6)
    a = (a + c) | 0
    c = (c - b) ^ rotate(b, 8)
    b = (b + a) | 0
    a = (a - c) ^ rotate(c, 16)
    c = (c + b) | 0
    b = (b - a) ^ rotate(a, 19)
    a = (a + c) | 0
    c = (c - b) ^ rotate(b, 4)
    b = (b + a) | 0
    left -= 3
    from += 3
  }
  if (left === 0) return c >>> 0
  if (left >= 3) c = (c + words[from + 2]!) | 0
  if (left >= 2) b = (b + words[from + 1]!) | 0
  a = (a + words[from]!) | 0
  c = ((c ^ b) - rotate(b, 14)) | 0
  a = ((a ^ c) - rotate(c, 11)) | 0
  b = ((b ^ a) - rotate(a, 25)) | 0
  c = ((c ^ b) - rotate(b, 16)) | 0
  a = ((a ^ c) - rotate(c, 4)) | 0
  b = ((b ^ a) - rotate(a, 14)) | 0
  c = ((c ^ b) - rotate(b, 24)) | 0
  return c >>> 0
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by))
}
