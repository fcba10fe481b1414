import { expect, test } from "vitest"
import { rulesNeedConntrack } from "./conntrack.js"

const table = (family: string, rule: string) => `table ${family} filter {
	chain input {
		type filter hook input priority filter; policy accept;
		${rule}
	}
}
`
const needs = (ruleset: string, legacy4 = "", legacy6 = "") => rulesNeedConntrack(ruleset, legacy4, legacy6)

test.each([
  "ct state established,related accept",
  "ip saddr 192.0.2.1 ct mark set 0x1",
  'counter packets 0 bytes 0 xt match "conntrack"',
  'oifname "eth0" masquerade',
  "tcp dport 80 dnat ip to 192.0.2.1",
])("a rule that needs conntrack: %s", (rule) => {
  expect(needs(table("inet", rule))).toBe(true)
  expect(needs(table("ip", rule))).toBe(false)
  expect(needs(table("ip", rule) + table("ip6", rule))).toBe(true)
})

test.each([
  "tcp dport 22 accept",
  'counter comment "ct state new is not asked here"',
  'log prefix "masquerade "',
  "notrack",
])("a rule that does not: %s", (rule) => {
  expect(needs(table("inet", rule))).toBe(false)
})

test("legacy iptables counts for its family", () => {
  const save = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\nCOMMIT\n"
  const harmless = "*filter\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n"
  expect(needs("", save, save)).toBe(true)
  expect(needs("", save, harmless)).toBe(false)
  expect(needs(table("ip6", "ct state new drop"), save, "")).toBe(true)
})
