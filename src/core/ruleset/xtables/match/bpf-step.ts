import type { Packet } from "../../../packet/packet.js"
import { packetEnd } from "../../expression/packet-end.js"
import { BREAK, CONTINUE, type Step } from "../../runtime.js"

/** One instruction of classic BPF (linux/filter.h): what to do, how far to jump if it is true or false, and a number. */
export interface BpfInstruction {
  readonly code: number
  readonly jumpTrue: number
  readonly jumpFalse: number
  readonly k: number
}

// Classes, and what they are told apart by.
const LD = 0
const LDX = 1
const ST = 2
const STX = 3
const ALU = 4
const JMP = 5
const RET = 6
const IMM = 0x00
const ABS = 0x20
const IND = 0x40
const MEM = 0x60
const LEN = 0x80
const MSH = 0xa0
const HALF = 0x08
const BYTE = 0x10
const FROM_X = 0x08
/** Offsets from the network header on (SKF_NET_OFF): the same as plain ones here. */
const NETWORK_OFFSET = -0x100000

/**
 * `-m bpf --bytecode`: a program that is run over the packet from its IP header on; it matches if the program says anything but 0. A program that reads beyond the
 * packet, or divides by zero, says 0. Ancillary data (negative offsets) is not there.
 */
export function bpfStep(program: readonly BpfInstruction[]): Step {
  const memory = new Uint32Array(16)
  return (packet) => (runProgram(program, packet, memory) !== 0 ? CONTINUE : BREAK)
}

function runProgram(program: readonly BpfInstruction[], packet: Packet, memory: Uint32Array): number {
  const { view, networkOffset: start } = packet
  const length = packetEnd(packet) - start
  let accumulator = 0
  let index = 0
  memory.fill(0)
  for (let at = 0; at < program.length; at++) {
    const { code, jumpTrue, jumpFalse, k } = program[at]!
    switch (code & 7) {
      case LD: {
        const mode = code & 0xe0
        if (mode === IMM) accumulator = k >>> 0
        else if (mode === MEM) accumulator = memory[k & 15]!
        else if (mode === LEN) accumulator = length
        else if (mode === ABS || mode === IND) {
          const from = mode === IND ? (index + k) | 0 : plainOffset(k)
          const size = (code & 0x18) === BYTE ? 1 : (code & 0x18) === HALF ? 2 : 4
          if (from < 0 || from + size > length) return 0
          accumulator =
            size === 1
              ? view.getUint8(start + from)
              : size === 2
                ? view.getUint16(start + from)
                : view.getUint32(start + from)
        } else return 0
        break
      }
      case LDX: {
        const mode = code & 0xe0
        if (mode === IMM) index = k >>> 0
        else if (mode === MEM) index = memory[k & 15]!
        else if (mode === LEN) index = length
        else if (mode === MSH) {
          const from = plainOffset(k)
          if (from < 0 || from >= length) return 0
          index = (view.getUint8(start + from) & 15) * 4
        } else return 0
        break
      }
      case ST:
        memory[k & 15] = accumulator
        break
      case STX:
        memory[k & 15] = index
        break
      case ALU: {
        const operand = code & FROM_X ? index : k >>> 0
        const operator = code & 0xf0
        if ((operator === 0x30 || operator === 0x90) && operand === 0) return 0
        accumulator = calculate(operator, accumulator, operand)
        break
      }
      case JMP: {
        if ((code & 0xf0) === 0) {
          at += k
          break
        }
        const operand = code & FROM_X ? index : k >>> 0
        at += jumps(code & 0xf0, accumulator, operand) ? jumpTrue : jumpFalse
        break
      }
      case RET:
        return (code & 0x18) === 0x10 ? accumulator : k >>> 0
      default:
        if ((code & 0xf8) === 0) index = accumulator
        else accumulator = index
    }
  }
  return 0
}

function plainOffset(k: number): number {
  const signed = k | 0
  return signed < 0 && signed >= NETWORK_OFFSET ? signed - NETWORK_OFFSET : signed
}

function calculate(operator: number, left: number, right: number): number {
  switch (operator) {
    case 0x00:
      return (left + right) >>> 0
    case 0x10:
      return (left - right) >>> 0
    case 0x20:
      return Math.imul(left, right) >>> 0
    case 0x30:
      return Math.floor(left / right)
    case 0x40:
      return (left | right) >>> 0
    case 0x50:
      return (left & right) >>> 0
    case 0x60:
      return right > 31 ? 0 : (left << right) >>> 0
    case 0x70:
      return right > 31 ? 0 : left >>> right
    case 0x80:
      return -left >>> 0
    case 0x90:
      return left % right
    case 0xa0:
      return (left ^ right) >>> 0
    default:
      return left
  }
}

function jumps(operator: number, left: number, right: number): boolean {
  switch (operator) {
    case 0x10:
      return left === right
    case 0x20:
      return left > right
    case 0x30:
      return left >= right
    default:
      return (left & right) !== 0
  }
}
