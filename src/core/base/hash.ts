/** A short name for a text that stays the same everywhere: FNV-1a with 32 bits (www.isthe.com/chongo/tech/comp/fnv) in base 36. Not for secrets. */
export function shortHash(text: string): string {
  return fnv1a(text).toString(36)
}

/** Over code units; those above 255 count as two bytes, low one first. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193)
    if (unit > 0xff) hash = Math.imul(hash ^ (unit >>> 8), 0x01000193)
  }
  return hash >>> 0
}
