import { dataInSyn, leak } from "./data-in-syn.js"
import { decoyContacts } from "./decoy-contacts.js"
import type { DetectorKind } from "./detector.js"
import { distributedFlood } from "./distributed-flood.js"
import { distributedPortScan } from "./distributed-port-scan.js"
import { failedLogins } from "./failed-logins.js"
import { connectionFlood, icmpFlood, portFlood, synFlood, tcpFlood, udpFlood } from "./flood.js"
import { forgedSource } from "./forged-source.js"
import { fragmentAttack } from "./fragment-attack.js"
import { intrusionAlert } from "./intrusion-alert.js"
import { landAttack } from "./land-attack.js"
import { malformedPackets } from "./malformed-packets.js"
import { pingSweep } from "./ping-sweep.js"
import { portScan, slowPortScan, udpPortScan } from "./port-scan.js"
import { smurf } from "./smurf.js"
import { unsolicitedSynAck } from "./unsolicited-syn-ack.js"

/** All detectors; each has its words in policy/detectors.ts. */
export const detectorKinds: readonly DetectorKind[] = [
  portScan,
  slowPortScan,
  udpPortScan,
  distributedPortScan,
  pingSweep,
  decoyContacts,
  failedLogins,
  synFlood,
  tcpFlood,
  udpFlood,
  icmpFlood,
  connectionFlood,
  portFlood,
  distributedFlood,
  malformedPackets,
  fragmentAttack,
  landAttack,
  smurf,
  unsolicitedSynAck,
  dataInSyn,
  leak,
  forgedSource,
  intrusionAlert,
]
