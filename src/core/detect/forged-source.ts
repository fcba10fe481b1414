import { IS_SPOOFED } from "./detector.js"
import { isLand, isLoopback } from "./forged.js"
import { oddPackets } from "./odd-packets.js"

const loopback = { kind: "loopback-source", what: "came from outside, and is a loopback address" }
const other = { kind: "forged-source", what: "came from outside, and lies inside or is this host's own" }

/** The address is somebody's who did not send it: nothing is done to it. */
export const forgedSource = oddPackets({
  name: "forged-source",
  wants: IS_SPOOFED,
  confidence: "medium",
  isForged: true,
  look(event) {
    if (isLand(event)) return null
    return isLoopback(event) ? loopback : other
  },
})
