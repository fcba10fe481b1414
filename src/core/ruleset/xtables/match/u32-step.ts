import { packetEnd } from "../../expression/packet-end.js"
import { BREAK, CONTINUE, type Step } from "../../runtime.js"
import type { XtOptions } from "../option.js"

/** One test of `-m u32`: read four bytes, change what was read, compare. */
export interface U32Test {
  /** Bytes from the IP header on. */
  readonly at: number
  readonly operations: readonly { readonly operator: "&" | "<<" | ">>" | "@"; readonly number: number }[]
  /** One of these ranges. */
  readonly values: readonly { readonly from: number; readonly to: number }[]
}

export interface U32Settings {
  /** All must hold. */
  readonly tests: readonly U32Test[]
  readonly negated: boolean
}

/** A test that would read beyond the packet does not hold. `@` moves by what was read, and reads anew. */
export function u32Step({ tests, negated }: U32Settings): Step {
  return (packet) => {
    const { view, networkOffset } = packet
    const length = packetEnd(packet) - networkOffset
    let holds = true
    for (let index = 0; index < tests.length && holds; index++)
      holds = testHolds(tests[index]!, view, networkOffset, length)
    return holds !== negated ? CONTINUE : BREAK
  }
}

function testHolds(
  { at, operations, values }: U32Test,
  view: DataView,
  from: number,
  length: number,
): boolean {
  if (at + 4 > length) return false
  let base = 0
  let value = view.getUint32(from + at)
  for (let index = 0; index < operations.length; index++) {
    const { operator, number } = operations[index]!
    if (operator === "&") value = (value & number) >>> 0
    else if (operator === "<<") value = (value << number) >>> 0
    else if (operator === ">>") value >>>= number
    else {
      base += value
      if (base + number + 4 > length) return false
      value = view.getUint32(from + base + number)
    }
  }
  for (let index = 0; index < values.length; index++)
    if (values[index]!.from <= value && value <= values[index]!.to) return true
  return false
}

/** A test as it is written. */
export interface U32Words {
  readonly start: number
  /** `&`, `<<` and `>>` change the number, `@` reads another that lies so many bytes further on. */
  readonly operations: readonly (readonly ["&" | "<<" | ">>" | "@", number])[]
  readonly ranges: readonly (readonly [number, number])[]
}

export function u32Settings([option]: XtOptions): U32Settings {
  const tests = (option?.value ?? []) as unknown as readonly U32Words[]
  return {
    tests: tests.map(({ start, operations, ranges }) => ({
      at: start,
      operations: operations.map(([operator, number]) => ({ operator, number })),
      values: ranges.map(([from, to]) => ({ from, to })),
    })),
    negated: option?.negated === true,
  }
}
