/**
 * Which node has a hash: open addressing with linear probing (Knuth, The Art of Computer Programming 3, 6.4, algorithms L and R), so that most
 * look-ups, successful or not, touch one line of the processor's cache here. A slot is a node's number plus one (0: empty) and its hash.
 * Of nodes with one hash the latest is found first, as with the kernel's chains.
 */
export class NodeIndex {
  slots = new Int32Array(0)
  /** For a slot's place: slots are two words, and there is a power of two of them. */
  mask = 0

  /** Empty, with room for so many nodes at a load of at most a half. */
  reset(nodes: number): void {
    let slots = 16
    while (slots < nodes * 2) slots *= 2
    this.slots = new Int32Array(slots * 2)
    this.mask = slots * 2 - 1
  }

  add(node: number, hash: number): void {
    const { slots, mask } = this
    let moved = node + 1
    let at = (hash << 1) & mask
    for (; slots[at] !== 0; at = (at + 2) & mask) {
      if (slots[at + 1] !== hash) continue
      const earlier = slots[at]!
      slots[at] = moved
      moved = earlier
    }
    slots[at] = moved
    slots[at + 1] = hash
  }

  remove(node: number, hash: number): void {
    const { slots, mask } = this
    const sought = node + 1
    let hole = (hash << 1) & mask
    while (slots[hole] !== sought) {
      if (slots[hole] === 0) return
      hole = (hole + 2) & mask
    }
    // What was displaced moves back, so that no look-up ends early at the hole.
    for (let at = (hole + 2) & mask; slots[at] !== 0; at = (at + 2) & mask) {
      const home = (slots[at + 1]! << 1) & mask
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      slots[hole] = slots[at]!
      slots[hole + 1] = slots[at + 1]!
      hole = at
    }
    slots[hole] = 0
  }
}
