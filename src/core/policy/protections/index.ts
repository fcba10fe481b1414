import type { ProtectionKind } from "../protection.js"
import { allFloods } from "./all-floods.js"
import { blocklist } from "./blocklist.js"
import { connectionRate } from "./connection-rate.js"
import { connections } from "./connections.js"
import { decoyPorts } from "./decoy-ports.js"
import { fragments } from "./fragments.js"
import { badPackets, strong } from "./groups.js"
import { icmpFloods } from "./icmp-floods.js"
import { invalid } from "./invalid.js"
import { kuraFloodingProtection } from "./kura-flooding-protection.js"
import { land } from "./land.js"
import { malformedBad } from "./malformed-bad.js"
import { malformedNull } from "./malformed-null.js"
import { malformedXmas } from "./malformed-xmas.js"
import { newTcpWithoutSyn } from "./new-tcp-without-syn.js"
import { open } from "./open.js"
import { portFloods } from "./port-floods.js"
import { smallMss } from "./small-mss.js"
import { spoofedSource } from "./spoofed-source.js"
import { synData } from "./syn-data.js"
import { synFloods } from "./syn-floods.js"
import { throttle } from "./throttle.js"
import { udpFloods } from "./udp-floods.js"

/** All kinds, in the order of the manual. */
export const protectionKinds: readonly ProtectionKind[] = [
  invalid,
  newTcpWithoutSyn,
  malformedNull,
  malformedXmas,
  malformedBad,
  fragments,
  spoofedSource,
  land,
  smallMss,
  synData,
  synFloods,
  icmpFloods,
  udpFloods,
  allFloods,
  connectionRate,
  connections,
  portFloods,
  decoyPorts,
  open,
  blocklist,
  throttle,
  badPackets,
  strong,
  kuraFloodingProtection,
]
