import { CONTINUE, type Step } from "../../runtime.js"

/** `-j MARK`: bits of the mask are cleared, then the value's are turned over (`--set-xmark`; the other words mean the same with other numbers). */
export function markStep(value: number, mask: number): Step {
  const kept = ~mask
  return (_packet, run) => {
    run.mark = ((run.mark & kept) ^ value) >>> 0
    return CONTINUE
  }
}

/** `-j CONNMARK`: what is done to the connection's mark, or with it. */
export interface ConnmarkSettings {
  readonly mode: "set" | "save" | "restore"
  /** Of `set`. */
  readonly value: number
  /** Bits of the connection's mark, and of the packet's. */
  readonly connectionMask: number
  readonly packetMask: number
  /** Bits to the left; negative: to the right. What is set is shifted as a whole, what is copied before it is put in. */
  readonly shift?: number
}

/** Without a connection nothing is done. */
export function connmarkStep(settings: ConnmarkSettings): Step {
  const { mode, value, connectionMask, packetMask, shift = 0 } = settings
  const shifted = (bits: number) => (shift < 0 ? bits >>> -shift : bits << shift)
  switch (mode) {
    case "set":
      return (_packet, { connection }) => {
        if (connection) connection.mark = shifted((connection.mark & ~connectionMask) ^ value) >>> 0
        return CONTINUE
      }
    case "save":
      return (_packet, { connection, mark }) => {
        if (connection)
          connection.mark = ((connection.mark & ~connectionMask) ^ shifted(mark & packetMask)) >>> 0
        return CONTINUE
      }
    case "restore":
      return (_packet, run) => {
        const { connection } = run
        if (connection)
          run.mark = ((run.mark & ~packetMask) ^ shifted(connection.mark & connectionMask)) >>> 0
        return CONTINUE
      }
  }
}
