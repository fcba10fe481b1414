import { createRequire } from "node:module"
import { arch } from "node:os"
import { libc } from "../../src/linux/host/namespace/libc.js"

/**
 * What the processor counts for this thread in the kernel (perf_event_open(2)). Instructions are the same in every hour; cycles leave out what the host of a
 * virtual machine takes away. Both say more about a few nanoseconds than a clock does.
 */
export interface Counted {
  readonly instructions: number
  readonly cycles: number
}

export interface ProcessorCounters {
  /** Since they were opened. */
  read(): Counted
  close(): void
}

const systemCalls: Readonly<Record<string, number>> = { x64: 298, arm64: 241, riscv64: 241 }

const HARDWARE = 0
const CYCLES = 0n
const INSTRUCTIONS = 1n
/** The first version of struct perf_event_attr; later ones are longer. */
const ATTRIBUTES = 64
/** Bits of its flags. */
const EXCLUDE_USER = 1n << 4n
const EXCLUDE_HYPERVISOR = 1n << 6n

/** Undefined where the machine has none: many virtual ones. */
export function openProcessorCounters(): ProcessorCounters | undefined {
  const number = systemCalls[arch()]
  if (number === undefined) return undefined
  const koffi = createRequire(import.meta.url)("koffi") as {
    load(path: null): { func(prototype: string): (...values: unknown[]) => number }
  }
  const open = koffi.load(null).func("long syscall(long, uintptr_t, int, int, int, unsigned long)")
  const library = libc()
  const memory = library.allocate(4096)
  if (!memory) return undefined
  const descriptors = [INSTRUCTIONS, CYCLES].map((config) => {
    memory.bytes.fill(0)
    memory.view.setUint32(0, HARDWARE, true)
    memory.view.setUint32(4, ATTRIBUTES, true)
    memory.view.setBigUint64(8, config, true)
    memory.view.setBigUint64(40, EXCLUDE_USER | EXCLUDE_HYPERVISOR, true)
    return open(number, memory.address, 0, -1, -1, 0)
  })
  const close = () => {
    for (const descriptor of descriptors) if (descriptor >= 0) library.close(descriptor)
    library.free(memory)
  }
  const value = (descriptor: number) => {
    library.read(descriptor, memory.address, 8)
    return Number(memory.view.getBigUint64(0, true))
  }
  if (descriptors.some((descriptor) => descriptor < 0)) {
    close()
    return undefined
  }
  const [instructions, cycles] = descriptors as [number, number]
  return { read: () => ({ instructions: value(instructions), cycles: value(cycles) }), close }
}
