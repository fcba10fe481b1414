import { IS_SPOOFED } from "./detector.js"
import { isLand } from "./forged.js"
import { oddPackets } from "./odd-packets.js"

const land = { kind: "land", what: "is source and destination of one packet" }

/** CVE-1999-0016: a host that answers it answers itself. The source is the victim. */
export const landAttack = oddPackets({
  name: "land-attack",
  wants: IS_SPOOFED,
  confidence: "high",
  isForged: true,
  look: (event) => (isLand(event) ? land : null),
})
