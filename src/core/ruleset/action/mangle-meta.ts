import type { CtNode } from "../expression/ct.js"
import type { MetaNode } from "../expression/meta.js"
import type { Store } from "./store.js"

/** `meta mark set …`; undefined: the engine keeps nothing of it. */
export function mangleMeta({ key }: MetaNode): Store | undefined {
  if (key !== "mark") return undefined
  return (_packet, run) => {
    run.mark = run.registers[0]!
    return true
  }
}

/** `ct mark set …`, `ct label set …`, `ct zone set …`. A packet without a connection is let on, as in the kernel. */
export function mangleConnection({ key, direction }: CtNode): Store | undefined {
  switch (key) {
    case "mark":
      return (_packet, run) => {
        if (run.connection) run.connection.mark = run.registers[0]!
        return true
      }
    case "label":
      // Bits are added to those that are there; the lowest stands in the last of four words.
      return (_packet, run) => {
        const { connection, registers } = run
        if (!connection) return true
        for (let bit = 0; bit < 128; bit++)
          if (((registers[3 - (bit >>> 5)]! >>> (bit & 31)) & 1) === 1) connection.setLabel(bit)
        return true
      }
    case "zone": {
      const directions = direction === "original" ? 1 : direction === "reply" ? 2 : 3
      return (_packet, run) => {
        if (run.tracked) return true
        run.zone = run.registers[0]!
        run.zoneDirections = directions
        return true
      }
    }
    default:
      return undefined
  }
}
