import { expect, test } from "vitest"
import { readNft } from "./read.js"

const hints: readonly (readonly [rule: string, place: number, hint: string | undefined])[] = [
  ["tcp dprot 22 accept", 5, 'did you mean "dport"?'],
  [
    "tcp 22 accept",
    5,
    "it has sport, dport, sequence, ackseq, doff, reserved, flags, window, checksum, urgptr",
  ],
  ["ip dport 22 accept", 4, "it is one of udp, udplite, tcp, dccp, sctp, th"],
  ["ip tcp dport 22 accept", 4, "fields name their own header alone: tcp …"],
  ["tcp tcp dport 22 accept", 5, "fields name their own header alone: tcp …"],
  ["vxlan ip sadr 192.0.2.1 accept", 10, 'did you mean "saddr"?'],
  ["drp", 1, 'did you mean "drop"?'],
  ["something", 1, undefined],
  ["limit rate 5/secnd accept", 14, 'did you mean "second"?'],
  ["reject with icmp host-unreachble", 18, 'did you mean "host-unreachable"?'],
  ["jump othr", 1, 'did you mean "other"?'],
  ['counter name "knwn"', 14, 'did you mean "known"?'],
  ["ip saddr @sen accept", 10, 'did you mean "seen"?'],
  ["update @sen { ip saddr }", 8, 'did you mean "seen"?'],
  ["tcp dport vmap @way", 16, 'did you mean "ways"?'],
  ["ct state nwe accept", 10, 'did you mean "new"?'],
]

test.each(hints)("%s", (rule, place, hint) => {
  const text = `table inet t {
counter known { }
set seen { type ipv4_addr; flags dynamic; }
map ways { type inet_service : verdict; }
chain other { }
chain c {
${rule}
}; }`
  const { diagnostics } = readNft({ path: "rules.nft", text })
  expect(diagnostics.map(({ span, hint }) => [span?.line, span?.column, hint])).toEqual([[7, place, hint]])
})
