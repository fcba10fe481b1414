import { expect, test } from "vitest"
import { readNft } from "../backend/nft/read/read.js"
import { checkRuleset } from "./check.js"

/** Lines of the rules that no packet comes to, with the line of the rule that decides before. */
function shadowed(...rules: readonly string[]): string[] {
  const text = `table inet t { set s { type ipv4_addr; elements = { 192.0.2.1 }; }
chain o { }
chain c { type filter hook input priority 0; policy accept;
${rules.join("\n")}
}; }`
  const { ruleset, diagnostics } = readNft({ path: "r", text })
  expect(diagnostics).toEqual([])
  return checkRuleset(ruleset)
    .filter(({ id }) => id === "shadowed-rule")
    .map(({ span, related }) => `${span!.line - 3} by ${related!.span.line - 3}`)
}

test.each([
  [["tcp dport 22 accept", "tcp dport 22 drop"], ["2 by 1"]],
  [["ip saddr 10.0.0.0/8 drop", "ip saddr 10.1.0.0/16 accept"], ["2 by 1"]],
  [["ip saddr 10.1.0.0/16 drop", "ip saddr 10.0.0.0/8 accept"], []],
  [["ip6 saddr 2001:db8::/32 drop", "ip6 saddr 2001:db8::1 tcp dport 22 accept"], ["2 by 1"]],
  [["tcp dport { 22, 80-90 } accept", "tcp dport 85 drop", "tcp dport 91 drop"], ["2 by 1"]],
  [["ip saddr @s drop", "ip saddr @s tcp dport 22 accept"], ["2 by 1"]],
  [["ct state established accept", "ct state established tcp dport 22 drop"], ["2 by 1"]],
  [["tcp dport 22 limit rate 5/second accept", "tcp dport 22 drop"], []],
  [["tcp dport 22 jump o", "tcp dport 22 drop"], []],
  [["tcp dport 22 counter log accept", "iifname eth0 tcp dport 22 accept"], ["2 by 1"]],
  [["tcp dport 22 counter", "tcp dport 22 accept"], []],
  [["meta mark 1 accept", "meta mark 1 drop"], []],
  [["numgen random mod 2 0 accept", "numgen random mod 2 0 accept"], []],
  [["udp dport 53 accept", "tcp dport 53 accept"], []],
])("%j: %j", (rules, found) => {
  expect(shadowed(...rules)).toEqual(found)
})

test("a rule that stands a second time is told from afar", () => {
  const hosts = Array.from({ length: 700 }, (_, host) => `ip saddr 10.0.${host >> 8}.${host & 255} drop`)
  expect(shadowed(...hosts, hosts[0]!)).toEqual(["701 by 1"])
})
