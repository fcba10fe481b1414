import { expect, test } from "vitest"
import { stepsToText } from "../../../ruleset/kinds.js"
import { readNft } from "./read.js"

/** What a rule of a table asks, read and printed again; or the first mistake, with its column in the rule. */
function listed(rule: string, family = "inet"): string {
  const head = `table ${family} t {\nset hosts { type ipv4_addr; }\nset hosts6 { type ipv6_addr; }\nchain c {\n`
  const { ruleset, diagnostics } = readNft({ path: "rules.nft", text: `${head}${rule}\n}\n}\n` })
  const mistake = diagnostics.find(({ severity }) => severity === "error")
  if (mistake) return `${mistake.span?.column}: ${mistake.id}`
  return stepsToText(ruleset.tables[0]!.chains[0]!.rules[0]!.steps)
}

// Each line was tried with nft 1.0.6; where later versions list something else, with what they list.
test.each([
  ["tcp dport ssh", "tcp dport 22"],
  ["tcp dport { http, 22, https }", "tcp dport { 22, 80, 443 }"],
  ["tcp dport { 22 }", "tcp dport 22"],
  ["tcp dport != { 22 }", "tcp dport != 22"],
  ["tcp dport { 1-5, 6, 3 }", "tcp dport 1-6"],
  ["tcp dport { 1, 2, 4-5, 3, 9 }", "tcp dport { 1-5, 9 }"],
  ["tcp dport 0x16", "tcp dport 22"],
  ["tcp dport & 0xff == 5", "tcp dport & 255 == 5"],
  ["tcp dport > 1023", "tcp dport > 1023"],
  ["ip saddr 10.1.2.3/8", "ip saddr 10.0.0.0/8"],
  ["ip saddr 10.0.0.0/32", "ip saddr 10.0.0.0"],
  ["ip saddr 10.0.0.0/0", "ip saddr 0.0.0.0/0"],
  ["ip saddr & 255.255.0.0 10.1.0.0", "ip saddr 10.1.0.0/16"],
  ["ip saddr & 0xff == 1", "ip saddr & 0.0.0.255 == 0.0.0.1"],
  ["ip saddr { 10.0.0.0-10.255.255.255, 1.1.1.1 }", "ip saddr { 1.1.1.1, 10.0.0.0/8 }"],
  ["ip saddr 10.0.0.0-10.255.255.255", "ip saddr 10.0.0.0-10.255.255.255"],
  ["ip saddr @hosts", "ip saddr @hosts"],
  ["ip6 saddr ::1234:1234", "ip6 saddr ::18.52.18.52"],
  ["ether saddr 00:0f:54:0c:11:4", "ether saddr 00:0f:54:0c:11:04"],
  ["tcp flags syn", "tcp flags syn"],
  ["tcp flags == syn", "tcp flags == syn"],
  ["tcp flags { syn }", "tcp flags == syn"],
  ["tcp flags syn / fin,syn", "tcp flags & (fin | syn) == syn"],
  ["tcp flags & (syn | ack) != 0", "tcp flags syn,ack"],
  ["tcp flags & syn == 0", "tcp flags ! syn"],
  ["tcp flags ! fin,rst", "tcp flags ! fin,rst"],
  ["tcp flags == 0x12", "tcp flags == 0x12"],
  ["tcp flags { syn, syn | ack }", "tcp flags { syn, syn | ack }"],
  ["ct state new,established", "ct state established,new"],
  ["ct state != related", "ct state != related"],
  ["ct state { new, established }", "ct state { established, new }"],
  ["ct status ! dnat", "ct status ! dnat"],
  ["ct label 127", "ct label 127"],
  ["ct expiration 33-45", "ct expiration 33s-45s"],
  ["ct expiration != 233", "ct expiration != 3m53s"],
  ["ct original bytes > 100000", "ct original bytes > 100000"],
  ["meta mark 0xffffff00/24", "meta mark & 0xffffff00 == 0xffffff00"],
  ["meta mark xor 0x03 == 0x01", "meta mark 0x00000002"],
  ["meta mark or 3 == 1", "meta mark | 0x00000003 == 0x00000001"],
  ["meta priority 0x87654321", "meta priority 8765:4321"],
  ["meta skuid root", "meta skuid 0"],
  ["meta iifgroup 0", 'iifgroup "default"'],
  ["meta day 6", 'meta day "Saturday"'],
  ['meta hour "17:00:00"', 'meta hour "17:00"'],
  ['meta time "2019-06-21 17:00:00"', 'meta time "2019-06-21 17:00:00"'],
  ["iif lo", 'iif "lo"'],
  ['iifname "eth*"', 'iifname "eth*"'],
  ["ip dscp 0x38", "ip dscp cs7"],
  ["ip dscp 1/6", "ip dscp & 0x3f == lephb"],
  ["ip ecn 1", "ip ecn ect1"],
  ["ip frag-off & 0x1fff != 0", "ip frag-off & 0x1fff != 0x0"],
  ["icmp id 77", "icmp type { echo-reply, echo-request } icmp id 77"],
  ["icmp type echo-reply icmp id 1", "icmp type echo-reply icmp id 1"],
  ["icmpv6 type packet-too-big icmpv6 mtu 1280", "icmpv6 mtu 1280"],
  ["icmp code 1 icmp type 8", "icmp type echo-request icmp code 1"],
  ["tcp option 2 exists", "tcp option maxseg exists"],
  ["tcp option sack0 left 1", "tcp option sack left 1"],
  ["exthdr hbh != exists", "exthdr hbh != exists"],
  ["exthdr hbh 1", "exthdr hbh exists"],
  ["fib daddr . iif type local", "fib daddr . iif type local"],
  ["fib saddr . iif oif missing", "fib saddr . iif oif missing"],
  ["fib saddr . iif oif ne 0", "fib saddr . iif oif != 0"],
  ["meta l4proto tcp @th,16,16 22", "tcp dport 22"],
  ["@th,16,16 22", "th dport 22"],
  ["@nh,8,8 0xff", "@nh,8,8 0xff"],
  ["ip saddr . tcp dport { 1.1.1.1 . 22 }", "ip saddr . tcp dport { 1.1.1.1 . 22 }"],
  [
    "ip saddr . tcp dport { 10.0.0.0/8 . 1-5, 1.1.1.1 . 3 }",
    "ip saddr . tcp dport { 1.1.1.1 . 3, 10.0.0.0/8 . 1-5 }",
  ],
  ["meta l4proto tcp tcp dport 22", "tcp dport 22"],
  ["meta l4proto tcp ip saddr 1.2.3.4 tcp dport 22", "ip saddr 1.2.3.4 tcp dport 22"],
  [
    "meta l4proto tcp limit rate 1/second burst 5 packets tcp dport 22",
    "meta l4proto tcp limit rate 1/second burst 5 packets tcp dport 22",
  ],
  ["meta nfproto ipv4 ip saddr 1.2.3.4", "ip saddr 1.2.3.4"],
  ["meta nfproto ipv4 tcp dport 22", "meta nfproto ipv4 tcp dport 22"],
  ["ip protocol tcp tcp dport 22", "ip protocol tcp tcp dport 22"],
  [
    "meta mark set ct mark & 0xffff0000 | meta mark & 0xffff",
    "meta mark set ct mark & 0xffff0000 | meta mark & 0x0000ffff",
  ],
  ["ct mark set (meta mark | 0x10) << 8", "ct mark set (meta mark | 0x00000010) << 8"],
  [
    "meta mark set tcp dport map { 80 : 2, 22 : 1 }",
    "meta mark set tcp dport map { 22 : 0x00000001, 80 : 0x00000002 }",
  ],
])("%s", (rule, expected) => {
  expect(listed(rule)).toBe(expected)
  // What was printed is its own normal form.
  expect(listed(expected)).toBe(expected)
})

test.each([
  ["ip protocol tcp tcp dport 22", "tcp dport 22"],
  ["ip protocol tcp counter tcp dport 22", "ip protocol tcp counter tcp dport 22"],
  ["meta protocol ip udp dport 67", "udp dport 67"],
  ["ct original saddr 1.2.3.4", "ct original ip saddr 1.2.3.4"],
])("in a table of IPv4: %s", (rule, expected) => expect(listed(rule, "ip")).toBe(expected))

test.each([
  ["tcp dport 70000", "11: nft-value-too-large"],
  ["tcp dport foo", "11: nft-unknown-value"],
  ["tcp dport 5-1", "11: value-does-not-fit"],
  ["ip saddr 10.0.0.5-10.0.0.1", "10: value-does-not-fit"],
  ["ip saddr ::1", "10: nft-unknown-value"],
  ["ip saddr 10.0.0.0/33", "10: bad-prefix-length"],
  ["ip saddr @hosts6", "10: set-type-mismatch"],
  ["ip saddr @missing", "10: unknown-set"],
  ["udp sport 5 tcp dport 22", "13: nft-conflicting-protocols"],
  ["meta l4proto udp tcp dport 22", "18: nft-conflicting-protocols"],
  ["meta l4proto { tcp, udp } tcp dport 22", "27: nft-conflicting-protocols"],
  ["ip6 saddr ::1 ip saddr 1.1.1.1", "15: nft-conflicting-protocols"],
  ["icmp code != 1 icmp type 2 icmp mtu 5", "28: nft-conflicting-protocols"],
  ["ip saddr . tcp dport { 1.1.1.1 }", "24: value-does-not-fit"],
  ["ip saddr . tcp dport { 1.1.1.1 . 2 . 3 }", "24: value-does-not-fit"],
  ["ct state xxx", "10: nft-unknown-value"],
  ["ct label 128", "10: nft-unknown-value"],
  ["ct original mark 42", "1: nft-unknown-expression"],
  ["socket transparent 2", "20: nft-value-too-large"],
  ["geneve vni 10", "1: nft-conflicting-protocols"],
  ["tcp option eol left 1", "1: unknown-field"],
  ["@th,16,1 2", "10: nft-value-too-large"],
  ["ip saddr vmap { 10.0.0.0/8 : accept, 10.1.0.0/16 : drop }", "38: nft-bad-value"],
  ["accept counter", "8: nft-not-here"],
  ["meta l4proto udp reject with tcp reset", "18: nft-not-here"],
  ["meta nfproto ipv6 reject with icmp host-unreachable", "19: nft-not-here"],
  ["log level emerg group 2", "1: nft-not-here"],
  ["snat to 192.0.2.1", "1: nft-bad-value"],
])("refused: %s", (rule, expected) => expect(listed(rule)).toBe(expected))

test("a name that is nearly right comes with the right one", () => {
  const { diagnostics } = readNft({
    path: "rules.nft",
    text: "table ip t {\nchain c {\nct state establishd drop\n}\n}\n",
  })
  expect(diagnostics.map(({ hint }) => hint)).toEqual(['did you mean "established"?'])
})

test("what the engine cannot know is told, with what it assumes", () => {
  const { diagnostics } = readNft({
    path: "rules.nft",
    text: "table ip t {\nchain c {\nmeta cgroup 5 drop\n}\n}\n",
  })
  expect(diagnostics.map(({ severity, message }) => `${severity}: ${message}`)).toEqual([
    "warning: meta cgroup: the engine cannot know it: the rule does not match",
  ])
})
