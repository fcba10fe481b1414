import type { Packet } from "../../packet/packet.js"
import type { Run } from "../runtime.js"

/** Writes the value whose words stand in `run.registers` from 0 on. False: there is nothing to write on, and the rule does not match. */
export type Store = (packet: Packet, run: Run) => boolean
