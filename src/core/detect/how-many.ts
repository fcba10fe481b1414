const BITS = 10
const REGISTERS = 1 << BITS
/** 2 to the power of minus each rank. */
const shares = Float64Array.from({ length: 33 }, (_, rank) => 2 ** -rank)

/**
 * How many different ones there were, in a kilobyte: HyperLogLog (Flajolet et al., 2007), right to about 3 %. Few are counted by empty registers
 * (linear counting), as the paper has it.
 */
export class HowMany {
  private readonly registers = new Uint8Array(REGISTERS)

  /** A hash of 32 bits, all of which count. */
  add(hash: number): void {
    const register = hash & (REGISTERS - 1)
    const rank = Math.clz32((hash >>> BITS) | 0) - BITS + 1
    if (rank > this.registers[register]!) this.registers[register] = rank
  }

  estimate(): number {
    let sum = 0
    let empty = 0
    const { registers } = this
    for (let at = 0; at < REGISTERS; at++) {
      const rank = registers[at]!
      sum += shares[rank]!
      if (rank === 0) empty++
    }
    const raw = ((0.7213 / (1 + 1.079 / REGISTERS)) * REGISTERS * REGISTERS) / sum
    return Math.round(raw <= 2.5 * REGISTERS && empty > 0 ? REGISTERS * Math.log(REGISTERS / empty) : raw)
  }

  clear(): void {
    this.registers.fill(0)
  }
}
