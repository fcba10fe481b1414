import { createRequire } from "node:module"
import { arch, release } from "node:os"
import { libc, type Memory } from "../../src/linux/host/namespace/libc.js"

/**
 * Frames put into a device's receive path by the kernel itself: an XDP program writes each frame, and BPF_PROG_TEST_RUN hands it on as if the
 * device had received it (Documentation/bpf/bpf_prog_run.rst, "live packet mode", Linux 5.18). A frame costs some 100 ns so; a packet socket costs 1700, and
 * would hide what is measured. The programs are some fifty instructions, written here as numbers: no compiler is needed.
 */

/** How the frames of a program differ from each other. */
export interface FrameProgram {
  /** Ethernet and IPv4 and TCP headers, source, source port, IPv4 identification and urgent pointer being 0, checksums right for that. */
  readonly template: Uint8Array
  /** The source is `base + step × (random & mask)`. */
  readonly source: { readonly base: number; readonly step: number; readonly mask: number }
  /** The source port is `base + (random & mask)`. */
  readonly port: { readonly base: number; readonly mask: number }
}

export interface LiveFrames {
  /** Sends so many frames into the device; nanoseconds that the thread took. */
  send(program: number, interfaceIndex: number, count: number): number
  /** Loads a program; throws with the kernel's errno. `discard`: its frames end where they are made, which is the cost of making them. */
  load(frames: FrameProgram, discard?: boolean): number
  close(): void
}

const BPF_PROG_LOAD = 5
const BPF_PROG_TEST_RUN = 10
const PROG_TYPE_XDP = 6
const LIVE_FRAMES = 2
const XDP_ABORTED = 0
const XDP_DROP = 1
const XDP_PASS = 2
const GET_PRANDOM_U32 = 7

const systemCalls: Readonly<Record<string, number>> = { x64: 321, arm64: 280, riscv64: 280 }

/** Why live frames cannot be had here, in a sentence; null: they can. */
export function liveFramesTrouble(): string | null {
  if (process.platform !== "linux") return `this is ${process.platform}, not Linux`
  if (process.getuid?.() !== 0) return "only root may inject frames: run it with sudo"
  if (systemCalls[arch()] === undefined) return `the number of bpf(2) on ${arch()} is not known here`
  const [major = 0, minor = 0] = release().split(".").map(Number)
  if (major < 5 || (major === 5 && minor < 18))
    return `Linux ${release()} is older than 5.18, which live frames need`
  return null
}

export function openLiveFrames(): LiveFrames {
  const koffi = createRequire(import.meta.url)("koffi") as {
    load(path: null): { func(prototype: string): (...values: unknown[]) => number }
  }
  const call = koffi.load(null).func("long syscall(long, int, uintptr_t, unsigned int)")
  const library = libc()
  const memory = library.allocate(1 << 16)
  if (!memory) throw new Error(`memory: ${library.errorName()}`)
  const bpf = (command: number, size: number): number => {
    const result = call(systemCalls[arch()]!, command, memory.address, size)
    if (result < 0) throw new Error(`bpf command ${command}: ${library.errorName()}`)
    return result
  }
  const opened: number[] = []
  return {
    load(frames, discard = false) {
      const program = bpf(BPF_PROG_LOAD, layOutLoad(memory, instructions(frames, discard)))
      opened.push(program)
      return program
    },
    send(program, interfaceIndex, count) {
      const size = layOutRun(memory, program, interfaceIndex, count)
      const start = process.cpuUsage()
      bpf(BPF_PROG_TEST_RUN, size)
      const { user, system } = process.cpuUsage(start)
      return (user + system) * 1000
    },
    close() {
      for (const program of opened) library.close(program)
      library.free(memory)
    },
  }
}

const ATTRIBUTES = 0
const DATA = 1024
const CONTEXT = 2048
const PROGRAM = 4096

/** union bpf_attr of linux/bpf.h: program type, instruction count, instructions, licence. */
function layOutLoad({ address, view, bytes }: Memory, program: Uint8Array): number {
  bytes.fill(0)
  bytes.set(program, PROGRAM)
  bytes.set(new TextEncoder().encode("Apache-2.0"), DATA)
  view.setUint32(ATTRIBUTES, PROG_TYPE_XDP, true)
  view.setUint32(ATTRIBUTES + 4, program.length / 8, true)
  view.setBigUint64(ATTRIBUTES + 8, BigInt(address + PROGRAM), true)
  view.setBigUint64(ATTRIBUTES + 16, BigInt(address + DATA), true)
  return 72
}

/** union bpf_attr of linux/bpf.h, `test`; and struct xdp_md, whose fields are data, data_end, data_meta, ingress_ifindex, … */
function layOutRun({ address, view, bytes }: Memory, program: number, index: number, count: number): number {
  bytes.fill(0)
  view.setUint32(CONTEXT + 4, FRAME, true)
  view.setUint32(CONTEXT + 12, index, true)
  view.setUint32(ATTRIBUTES, program, true)
  view.setUint32(ATTRIBUTES + 8, FRAME, true)
  view.setBigUint64(ATTRIBUTES + 16, BigInt(address + DATA), true)
  view.setUint32(ATTRIBUTES + 32, count, true)
  view.setUint32(ATTRIBUTES + 40, 24, true)
  view.setBigUint64(ATTRIBUTES + 48, BigInt(address + CONTEXT), true)
  view.setUint32(ATTRIBUTES + 64, LIVE_FRAMES, true)
  view.setUint32(ATTRIBUTES + 72, 64, true)
  return 80
}

/** The shortest Ethernet frame, without its checksum. */
export const FRAME = 60

/** Offsets in an Ethernet frame with a bare IPv4 header. */
const IDENTIFICATION = 18
const SOURCE = 26
const SOURCE_PORT = 34
const URGENT_POINTER = 52

/**
 * The program (instruction set: RFC 9669). The kernel reuses its pages as the stack left them, so every byte is written anew. Checksums stay right without being
 * computed: whatever the source adds to a one's complement sum is taken away again by a word that nobody looks at, the identification in the IP header, and
 * with the port the urgent pointer in TCP's, which means nothing without URG.
 */
function instructions({ template, source, port }: FrameProgram, discard: boolean): Uint8Array {
  const code: number[] = []
  const put = (operation: number, destination: number, from: number, offset: number, constant: number) => {
    const word = new DataView(new ArrayBuffer(8))
    word.setUint8(0, operation)
    word.setUint8(1, (from << 4) | destination)
    word.setInt16(2, offset, true)
    word.setUint32(4, constant >>> 0, true)
    code.push(...new Uint8Array(word.buffer))
  }
  const load = (size: number, to: number, from: number, offset: number) =>
    put(0x61 | size, to, from, offset, 0)
  const store = (size: number, to: number, offset: number, from: number) =>
    put(0x63 | size, to, from, offset, 0)
  const HALF = 0x08
  const WORD = 0
  const arithmetic = {
    add: 0x07,
    multiply: 0x27,
    and: 0x57,
    shiftRight: 0x77,
    xor: 0xa7,
    move: 0xb7,
  } as const
  const set = (operation: keyof typeof arithmetic, register: number, constant: number) =>
    put(arithmetic[operation], register, 0, 0, constant)
  const copy = (to: number, from: number) => put(0xbf, to, from, 0, 0)
  const addRegister = (to: number, from: number) => put(0x0f, to, from, 0, 0)
  const bigEndian = (register: number, bits: number) => put(0xdc, register, 0, 0, bits)

  load(WORD, 6, 1, 0)
  load(WORD, 7, 1, 4)
  copy(1, 6)
  set("add", 1, FRAME)
  // Jumps over the next two where data + 60 <= data_end.
  put(0xbd, 1, 7, 2, 0)
  set("move", 0, XDP_ABORTED)
  put(0x95, 0, 0, 0, 0)
  const bytes = new DataView(template.buffer, template.byteOffset, FRAME)
  for (let at = 0; at < FRAME; at += 4) put(0x62, 6, 0, at, bytes.getUint32(at, true))
  put(0x85, 0, 0, 0, GET_PRANDOM_U32)
  copy(2, 0)
  set("and", 2, source.mask)
  set("multiply", 2, source.step)
  set("add", 2, source.base)
  bigEndian(2, 32)
  store(WORD, 6, SOURCE, 2)
  copy(3, 0)
  set("shiftRight", 3, 7)
  set("and", 3, port.mask)
  set("add", 3, port.base)
  bigEndian(3, 16)
  store(HALF, 6, SOURCE_PORT, 3)
  load(HALF, 4, 6, SOURCE)
  load(HALF, 5, 6, SOURCE + 2)
  addRegister(4, 5)
  const complement = (register: number, at: number) => {
    for (let fold = 0; fold < 2; fold++) {
      copy(5, register)
      set("shiftRight", 5, 16)
      set("and", register, 0xffff)
      addRegister(register, 5)
    }
    copy(5, register)
    set("xor", 5, 0xffff)
    store(HALF, 6, at, 5)
  }
  complement(4, IDENTIFICATION)
  addRegister(4, 3)
  complement(4, URGENT_POINTER)
  set("move", 0, discard ? XDP_DROP : XDP_PASS)
  put(0x95, 0, 0, 0, 0)
  return Uint8Array.from(code)
}
