import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"

/** What a process used: nanoseconds of processor time, and bytes of memory at most. */
export interface ProcessCost {
  readonly user: number
  readonly system: number
  readonly memory: number
}

interface Koffi {
  load(path: null): { func(prototype: string): (who: number, into: Uint8Array) => number }
}

/** getrusage(2): of all children that have been waited for, two times of two 64-bit words each come first. */
const RUSAGE_CHILDREN = -1
const RUSAGE_BYTES = 144

let getrusage: ((who: number, into: Uint8Array) => number) | undefined

function childrenTimes(): { user: number; system: number } {
  getrusage ??= (createRequire(import.meta.url)("koffi") as Koffi)
    .load(null)
    .func("int getrusage(int, _Out_ uint8_t *)")
  const words = new BigInt64Array(RUSAGE_BYTES / 8)
  getrusage(RUSAGE_CHILDREN, new Uint8Array(words.buffer))
  const at = (word: number) => Number(words[word]!) * 1e9 + Number(words[word + 1]!) * 1e3
  return { user: at(0), system: at(2) }
}

/** Runs a command to its end, its output thrown away. One at a time: the times are the difference that it makes to all children's. */
export async function costOf(command: string, words: readonly string[]): Promise<ProcessCost> {
  const before = childrenTimes()
  const child = spawn(command, words, { stdio: ["ignore", "ignore", "pipe"] })
  let memory = 0
  let complaint = ""
  child.stderr.on("data", (bytes: Uint8Array) => {
    complaint += Buffer.from(bytes).toString()
  })
  // The kernel keeps the most that was ever used, so that a look now and then loses little.
  const watch = setInterval(() => {
    memory = Math.max(memory, mostMemory(child.pid))
  }, 10)
  const [status] = (await once(child, "close")) as [number | null]
  clearInterval(watch)
  if (status !== 0) throw new Error(`${command} ${words.join(" ")} ended with ${status}: ${complaint}`)
  const after = childrenTimes()
  return { user: after.user - before.user, system: after.system - before.system, memory }
}

function mostMemory(pid: number | undefined): number {
  try {
    const [, kilobytes = "0"] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? []
    return Number(kilobytes) * 1024
  } catch {
    // It has just ended.
    return 0
  }
}
