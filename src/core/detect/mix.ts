/** Four words to one; every bit of them counts (the finalizer of MurmurHash3, public domain). Signed: such numbers need no conversion. */
export function mixSigned(word0: number, word1: number, word2: number, word3: number): number {
  let hash = Math.imul(word0, 0x9e3779b1) ^ Math.imul(word1, 0x85ebca6b)
  hash ^= Math.imul(word2, 0xc2b2ae35) ^ Math.imul(word3, 0x27d4eb2f)
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** The same as an unsigned number. */
export function mix(word0: number, word1: number, word2: number, word3: number): number {
  return mixSigned(word0, word1, word2, word3) >>> 0
}
