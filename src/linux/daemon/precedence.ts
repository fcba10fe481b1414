import { setPriority } from "node:os"

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
