import { ALL, combinations, flagKind } from "./flag-kind.js"

export const malformedNull = flagKind("malformed-null", ["null"], combinations([ALL, 0]), {
  title: "TCP packets without flags",
  text: "Every packet of a connection but the first carries ACK, and the first carries SYN. A packet with neither is a scan.",
  harms: "Nobody: no TCP sends it.",
  example: "malformed-null: drop",
  ancestors: "FireHOL: protection malformed-null. Kura: --tcp-flags ALL NONE. CSF: PACKET_FILTER.",
})
