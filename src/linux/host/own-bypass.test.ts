import { expect, test } from "vitest"
import { opensAll, ownLines } from "./own-bypass.js"

test("what the administrator wrote is told from what leads to the policy's lines", () => {
  expect(
    ownLines(`table inet floodwall {
	chain bypass {
		jump bypass/policy.a comment "lines of the policy"
		ip saddr 192.0.2.9 accept
		tcp dport { 22, 80 } ip saddr 192.0.2.10 counter accept comment "mine"
	}
}
`),
  ).toEqual([
    "ip saddr 192.0.2.9 accept",
    'tcp dport { 22, 80 } ip saddr 192.0.2.10 counter accept comment "mine"',
  ])
  expect(ownLines("table inet floodwall {\n\tchain bypass {\n\t}\n}\n")).toEqual([])
  expect(ownLines("")).toEqual([])
})

test.each<[string, boolean]>([
  ["accept", true],
  ['counter packets 1 bytes 40 accept comment "for a minute, ip saddr"', true],
  ['iifname "wan0" counter accept', true],
  ['iifname { "wan0", "lan0" } meta nfproto ipv4 accept', true],
  ["ip saddr 192.0.2.9 accept", false],
  ['iifname "wan0" tcp dport 22 accept', false],
  ["counter drop", false],
])("%s: lets everything past: %s", (line, expected) => expect(opensAll(line)).toBe(expected))
