import * as fc from "fast-check"
import { expect, test } from "vitest"
import { importText, itemLines, loaded, policyText } from "../dialect-fixture.js"
import { importIptables } from "./import.js"

/** The report and the policy of rules of the table filter, whose chains are open unless a line says else. */
function check(
  rules: string,
  heading = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]",
): string {
  const imported = importText(importIptables, `${heading}\n${rules.trim()}\nCOMMIT\n`)
  loaded(imported)
  return `${itemLines(imported)}\n\n${policyText(imported).split("\n\n").slice(2).join("\n\n")}`
}

test("single packets: states, flags, sizes, sources", () => {
  expect(
    check(`
-A INPUT -m state --state INVALID -j DROP
-A INPUT -p tcp ! --syn -m conntrack --ctstate NEW -j DROP
-A INPUT -p tcp --tcp-flags ALL NONE -j DROP
-A INPUT -p tcp --tcp-flags ALL ALL -j DROP
-A INPUT -p tcp --tcp-flags SYN,RST SYN,RST -j DROP
-A INPUT -p tcp --tcp-flags SYN,ACK SYN,ACK -j DROP
-A INPUT -p tcp -m tcpmss ! --mss 536:65535 -j DROP
-A INPUT -p tcp -m tcpmss --mss 1:500 -j DROP
-A INPUT ! -i lo -s 127.0.0.0/8 -j DROP
-A INPUT -s 203.0.113.0/24 -j DROP
-A INPUT -s 198.51.100.7 -j REJECT
-A INPUT -f -j DROP
-A OUTPUT -m state --state INVALID -j DROP
`),
  ).toMatchInlineSnapshot(`
    "old.conf:5 | -A INPUT -m state --state INVALID -j DROP | works, same, protects | protect.wan.invalid: drop
    old.conf:6 | -A INPUT -p tcp ! --syn -m conntrack --ctstate NEW -j DROP | works, same, protects | protect.wan.new-tcp-without-syn: drop
    old.conf:7 | -A INPUT -p tcp --tcp-flags ALL NONE -j DROP | works, same, protects | protect.wan.malformed-null: drop
    old.conf:8 | -A INPUT -p tcp --tcp-flags ALL ALL -j DROP | works, same, protects | protect.wan.malformed-xmas: drop
    old.conf:9 | -A INPUT -p tcp --tcp-flags SYN,RST SYN,RST -j DROP | works, stricter, protects | protect.wan.malformed-bad: drop
    old.conf:10 | -A INPUT -p tcp --tcp-flags SYN,ACK SYN,ACK -j DROP | works, lost, protects | - | [import-not-carried]
    old.conf:11 | -A INPUT -p tcp -m tcpmss ! --mss 536:65535 -j DROP | works, looser, protects | protect.wan.small-mss: { minimum: 536 } | [import-harms]
    old.conf:12 | -A INPUT -p tcp -m tcpmss --mss 1:500 -j DROP | works, lost, protects | - | [import-not-carried]
    old.conf:13 | -A INPUT ! -i lo -s 127.0.0.0/8 -j DROP | works, stricter, protects | protect.wan.spoofed-source: drop
    old.conf:14 | -A INPUT -s 203.0.113.0/24 -j DROP | works, same, protects | protect.wan.blocklist: [203.0.113.0/24]
    old.conf:15 | -A INPUT -s 198.51.100.7 -j REJECT | works, same, protects | protect.wan.blocklist: [198.51.100.7]
    old.conf:16 | -A INPUT -f -j DROP | nothing, same | - | [import-without-effect]
    old.conf:17 | -A OUTPUT -m state --state INVALID -j DROP | works, not-ours | -

    protect:
      wan:
        invalid: drop  # old.conf:5
        new-tcp-without-syn: drop  # old.conf:6
        malformed-null: drop  # old.conf:7
        malformed-xmas: drop  # old.conf:8
        malformed-bad: drop  # old.conf:9
        spoofed-source: drop  # old.conf:13
        small-mss: { minimum: 536 }  # old.conf:11
        blocklist: [203.0.113.0/24, 198.51.100.7]  # old.conf:14, 15
    "
  `)
})

test("rates: above a limit, or up to it with the rest dropped behind it", () => {
  expect(
    check(`
-N flood
-A INPUT -p tcp --syn -j flood
-A flood -m limit --limit 25/sec --limit-burst 50 -j RETURN
-A flood -j DROP
-A INPUT -p icmp --icmp-type 8 -m limit --limit 1/sec -j ACCEPT
-A INPUT -p icmp --icmp-type 8 -j DROP
-A INPUT -p tcp --dport 443 -m state --state NEW -m hashlimit --hashlimit-above 20/sec --hashlimit-burst 40 --hashlimit-mode srcip --hashlimit-srcmask 24 --hashlimit-name a -j DROP
-A INPUT -p udp --dport 53 -m hashlimit --hashlimit-above 10/sec --hashlimit-mode srcip --hashlimit-name b -j DROP
-A INPUT -p tcp --dport 25 -m state --state NEW -m hashlimit --hashlimit-above 10/sec --hashlimit-mode dstip --hashlimit-name c -j DROP
-A INPUT -p tcp --dport 80 -m state --state NEW -m limit --limit 100/min -j ACCEPT
-A INPUT -m limit --limit 3/min -j LOG
-A INPUT -m limit --limit 3/min -j DROP
`),
  ).toMatchInlineSnapshot(`
    "old.conf:6 | -A INPUT -p tcp --syn -j flood | works, not-ours | -
    old.conf:7 | -A flood -m limit --limit 25/sec --limit-burst 50 -j RETURN | works, same, protects | protect.wan.syn-floods: { limit: 25/second burst 50, per: everyone, action: drop } | [import-harms]
    old.conf:8 | -A flood -j DROP | works, not-ours | -
    old.conf:9 | -A INPUT -p icmp --icmp-type 8 -m limit --limit 1/sec -j ACCEPT | works, same, protects | protect.wan.icmp-floods: { limit: 1/second burst 5, per: everyone, action: drop } | [import-harms]
    old.conf:10 | -A INPUT -p icmp --icmp-type 8 -j DROP | works, not-ours | -
    old.conf:11 | -A INPUT -p tcp --dport 443 -m state --state NEW -m hashlimit --hashlimit-above 20/sec --hashlimit-burst 40 --hashlimit-mode srcip --hashlimit-srcmask 24 --hashlimit-name a -j DROP | works, same, protects | protect.wan.connection-rate: { limit: 20/second burst 40, per: /24, action: drop, ports: [443/tcp] }
    old.conf:12 | -A INPUT -p udp --dport 53 -m hashlimit --hashlimit-above 10/sec --hashlimit-mode srcip --hashlimit-name b -j DROP | works, lost, protects | - | [import-not-carried]
    old.conf:13 | -A INPUT -p tcp --dport 25 -m state --state NEW -m hashlimit --hashlimit-above 10/sec --hashlimit-mode dstip --hashlimit-name c -j DROP | works, lost, protects | - | [import-not-carried]
    old.conf:14 | -A INPUT -p tcp --dport 80 -m state --state NEW -m limit --limit 100/min -j ACCEPT | nothing, same | - | [import-without-effect]
    old.conf:15 | -A INPUT -m limit --limit 3/min -j LOG | works, not-ours | -
    old.conf:16 | -A INPUT -m limit --limit 3/min -j DROP | nothing, same | - | [import-without-effect]

    protect:
      wan:
        syn-floods: { limit: 25/second burst 50, per: everyone, action: drop }  # old.conf:7
        icmp-floods: { limit: 1/second burst 5, per: everyone, action: drop }  # old.conf:9
        # old.conf:11
        connection-rate: { limit: 20/second burst 40, per: /24, ports: [443/tcp], action: drop }
    "
  `)
})

test("counts: connections at once, and connections in a time", () => {
  expect(
    check(`
-A INPUT -i eth0 -p tcp --dport 22 -m state --state NEW -m recent --set --name ssh
-A INPUT -i eth0 -p tcp --dport 22 -m state --state NEW -m recent --update --seconds 60 --hitcount 4 --name ssh -j DROP
-A INPUT -p tcp --dport 21 -m state --state NEW -m recent --rcheck --seconds 30 --hitcount 3 --name ftp -j DROP
-A INPUT -p tcp --dport 21 -m state --state NEW -m recent --set --name ftp
-A INPUT -m recent --rcheck --name banned -j DROP
-A INPUT -p tcp --syn --dport 80 -m connlimit --connlimit-above 20 -j REJECT --reject-with tcp-reset
-A INPUT -p tcp --syn --dport 81 -m connlimit --connlimit-above 20 --connlimit-mask 24 -j DROP
-A INPUT -p tcp --syn -m connlimit --connlimit-above 200 --connlimit-daddr -j DROP
-A INPUT -p tcp --syn --dport 80 -m connlimit --connlimit-above 30 -j DROP
-A INPUT -p tcp --dport 80 -j ACCEPT
`),
  ).toMatchInlineSnapshot(`
    "old.conf:5 | -A INPUT -i eth0 -p tcp --dport 22 -m state --state NEW -m recent --set --name ssh | works, same | -
    old.conf:6 | -A INPUT -i eth0 -p tcp --dport 22 -m state --state NEW -m recent --update --seconds 60 --hitcount 4 --name ssh -j DROP | works, stricter, protects | protect.wan.port-floods.22/tcp: { limit: more than 3 in 60s, action: drop, block-for: 60s, lift: until-quiet }
    old.conf:7 | -A INPUT -p tcp --dport 21 -m state --state NEW -m recent --rcheck --seconds 30 --hitcount 3 --name ftp -j DROP | works, stricter, protects | protect.wan.port-floods.21/tcp: { limit: more than 3 in 30s, action: drop, block-for: 30s }
    old.conf:8 | -A INPUT -p tcp --dport 21 -m state --state NEW -m recent --set --name ftp | works, same | -
    old.conf:9 | -A INPUT -m recent --rcheck --name banned -j DROP | works, lost, protects | - | [import-not-carried]
    old.conf:10 | -A INPUT -p tcp --syn --dport 80 -m connlimit --connlimit-above 20 -j REJECT --reject-with tcp-reset | works, same, protects | protect.wan.connections.80/tcp: { limit: 20, action: drop }
    old.conf:11 | -A INPUT -p tcp --syn --dport 81 -m connlimit --connlimit-above 20 --connlimit-mask 24 -j DROP | works, same, protects | protect.wan.connections.81/tcp: { limit: 20, per: /24, action: drop }
    old.conf:12 | -A INPUT -p tcp --syn -m connlimit --connlimit-above 200 --connlimit-daddr -j DROP | works, lost, protects | - | [import-not-carried]
    old.conf:13 | -A INPUT -p tcp --syn --dport 80 -m connlimit --connlimit-above 30 -j DROP | works, lost, protects | - | [import-not-carried]
    old.conf:14 | -A INPUT -p tcp --dport 80 -j ACCEPT | works, not-ours | -

    protect:
      wan:
        connections:
          80/tcp: { limit: 20, action: drop }  # old.conf:10
          81/tcp: { limit: 20, per: /24, action: drop }  # old.conf:11
        port-floods:
          # old.conf:6
          22/tcp: { limit: more than 3 in 60s, action: drop, block-for: 60s, lift: until-quiet }
          21/tcp: { limit: more than 3 in 30s, action: drop, block-for: 30s }  # old.conf:7
    "
  `)
})

test("IPv6 has masks of its own, and a closed chain drops the rest of a limit", () => {
  const heading = "# Generated by ip6tables-save v1.8.9\n*filter\n:INPUT DROP [0:0]"
  expect(
    check(
      `
-A INPUT -p tcp --syn -m connlimit --connlimit-above 20 -j DROP
-A INPUT -p ipv6-icmp --icmpv6-type 128 -m limit --limit 10/sec -j ACCEPT
-A INPUT -p tcp --dport 22 -j ACCEPT
-A INPUT -p tcp --dport 22 -j ACCEPT
`,
      heading,
    ),
  ).toMatchInlineSnapshot(`
    "old.conf:4 | -A INPUT -p tcp --syn -m connlimit --connlimit-above 20 -j DROP | works, same, protects | protect.wan.connections: { limit: 20, per: { ipv6: /128 }, action: drop }
    old.conf:5 | -A INPUT -p ipv6-icmp --icmpv6-type 128 -m limit --limit 10/sec -j ACCEPT | works, same, protects | protect.wan.icmp-floods: { limit: 10/second burst 5, per: everyone, action: drop } | [import-harms]
    old.conf:6 | -A INPUT -p tcp --dport 22 -j ACCEPT | works, not-ours | -
    old.conf:7 | -A INPUT -p tcp --dport 22 -j ACCEPT | nothing, same | - | [import-without-effect]

    protect:
      wan:
        icmp-floods: { limit: 10/second burst 5, per: everyone, action: drop }  # old.conf:5
        connections: { limit: 20, per: { ipv6: /128 }, action: drop }  # old.conf:4
    "
  `)
})

test("what is no rule of iptables is an error", () => {
  expect(itemLines(importText(importIptables, ""))).toMatchInlineSnapshot(`
    "old.conf:1:1: there are no rules of iptables here [import-nothing-found]
      hint: iptables-save prints them"
  `)
})

test("whatever the rules are, there is a policy that loads", () => {
  const words =
    "-A INPUT|-A chain|-p tcp|-p udp|-p icmp|--dport 22|--syn|-m state --state NEW|-m state --state INVALID|-m recent --set|-m recent --update --seconds 60 --hitcount 4|-m limit --limit 1/s|-m connlimit --connlimit-above 0|-m connlimit --connlimit-above 3|-m hashlimit --hashlimit-above 1/day --hashlimit-mode srcip,dstport --hashlimit-name x|-m multiport --dports 1,2:9|--tcp-flags ALL NONE|-s 10.0.0.0/8|-s 0.0.0.0/0|-s 10.0.0.1/255.0.0.255|-i eth+|-i lo|-f|-m tcpmss --mss 1:9|-j DROP|-j ACCEPT|-j chain|-j REJECT|!".split(
      "|",
    )
  const line = fc.array(
    fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...words) }, fc.string({ maxLength: 5 })),
    { maxLength: 9 },
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const rules = lines.map((line) => `-A INPUT ${line.join(" ")}`).join("\n")
      loaded(importText(importIptables, `*filter\n:INPUT DROP [0:0]\n:chain - [0:0]\n${rules}\nCOMMIT\n`))
    }),
    { numRuns: 300 },
  )
})
