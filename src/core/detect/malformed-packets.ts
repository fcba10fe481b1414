import { malformedFacts, TCP_TRUNCATED } from "../packet/malformed.js"
import { FIN, PSH, RST, SYN, URG } from "../packet/packet.js"
import { IS_MALFORMED, IS_ODD } from "./detector.js"
import { oddPackets } from "./odd-packets.js"

const flagsOddity = (kind: string, what: string) => ({ kind, what: `sent TCP ${what}` })
const none = flagsOddity("null-packet", "without any flag")
const xmas = flagsOddity("xmas-packet", "with FIN, PSH and URG alone")
const synFin = flagsOddity("syn-fin-packet", "that begins and ends a connection at once")
const synRst = flagsOddity("syn-rst-packet", "that begins and resets a connection at once")
const fin = flagsOddity("fin-packet", "that ends a connection without acknowledging it")
const other = flagsOddity("bad-flags-packet", "with flags that contradict each other")

/** One for each fact, made once. */
const facts = malformedFacts.map(({ name, sentence }) => ({
  kind: name,
  what: `sent a packet in which ${sentence}`,
}))

/** What no network stack sends: broken headers, and flags that no state of TCP has. */
export const malformedPackets = oddPackets({
  name: "malformed-packets",
  wants: IS_MALFORMED | IS_ODD,
  confidence: "medium",
  // A scan by such packets has been told as what it is.
  isExplained: (event, { scanners }) => event.malformed === 0 && scanners.has(event),
  look({ malformed, tcpFlags, isFragment }) {
    // A header that is cut by a fragment is the fragment's attack.
    if (malformed === TCP_TRUNCATED && isFragment) return null
    if (malformed !== 0) return facts[malformed] ?? null
    const flags = tcpFlags & (FIN | SYN | RST | PSH | URG | 16)
    if (flags === 0) return none
    if (flags === (FIN | PSH | URG)) return xmas
    if ((flags & (SYN | FIN)) === (SYN | FIN)) return synFin
    if ((flags & (SYN | RST)) === (SYN | RST)) return synRst
    return flags === FIN ? fin : other
  },
})
