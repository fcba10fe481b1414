import { ACK, FIN, PSH, RST, SYN, URG } from "../../packet/packet.js"
import { ALL, combinations, flagKind } from "./flag-kind.js"

/** FireHOL 3.1.8's list; what its first seven lines say of all flags the others say of some is kept for those who compare. */
const bad = combinations(
  [SYN | FIN, SYN | FIN],
  [SYN | RST, SYN | RST],
  [ALL, SYN | RST | ACK | FIN | URG],
  [ALL, FIN | URG | PSH],
  [ALL, SYN | FIN],
  [ALL, FIN],
  [ALL, URG | PSH | SYN | FIN],
  [ACK | FIN, FIN],
  [ACK | PSH, PSH],
  [ACK | URG, URG],
  [FIN | RST, FIN | RST],
)

export const malformedBad = flagKind("malformed-bad", [], bad, {
  title: "TCP packets whose flags contradict each other",
  text: "SYN with FIN or RST, FIN with RST, and FIN, PSH or URG without ACK, in all their combinations: nmap's FIN and Xmas scans among them. SYN with data to push (SYN and PSH) is one of them too.",
  harms:
    "Nobody that we know of. RFC 9293 does not forbid PSH or URG on a SYN; senders that set them have not been seen outside of scans. notify shows them.",
  example: "malformed-bad: drop",
  ancestors:
    "FireHOL: protection malformed-bad, with the eleven combinations of 3.1.8 (3.1.7 has four). Kura: ten of its rules, all but two of which can never match. CSF: PACKET_FILTER.",
})
