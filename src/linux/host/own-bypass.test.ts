import { expect, test } from "vitest"
import { ownLines } from "./own-bypass.js"

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
