import { ALL, combinations, flagKind } from "./flag-kind.js"

export const malformedXmas = flagKind("malformed-xmas", ["xmas"], combinations([ALL, ALL]), {
  title: "TCP packets with all flags set",
  text: "FIN, SYN, RST, PSH, ACK and URG together: a connection cannot begin, end, break off and go on at once. Scanners send it to see how a stack answers. (The FIN, PSH and URG of nmap's Xmas scan are malformed-bad's.)",
  harms: "Nobody: no TCP sends it.",
  example: "malformed-xmas: drop",
  ancestors: "FireHOL: protection malformed-xmas. Kura: --tcp-flags ALL ALL. CSF: PACKET_FILTER.",
})
