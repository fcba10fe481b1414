import { getPriority, setPriority } from "node:os"

/** As systemd's own journal has it, below what drives devices. */
const NICE = -10

/**
 * Who floods a host keeps its processors busy as well: the guard goes before what they have to do, for what it takes is bounded, and a block that comes late is none. Threads that begin later inherit
 * it, so this is for the start. Without the right to (CAP_SYS_NICE) it stays where it was put.
 */
export function takePrecedence(): void {
  try {
    setPriority(NICE)
  } catch {
    // The service's unit says so, too.
  }
}

/** What the guard starts for others has no part in it: a hook that takes long must not keep the host from its work, nor the guard. */
export function takeNoPrecedence(process: number | undefined): void {
  try {
    if (process !== undefined && getPriority() < 0) setPriority(process, 0)
  } catch {
    // It has just ended.
  }
}
