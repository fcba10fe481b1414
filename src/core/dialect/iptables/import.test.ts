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
    "old.conf:5 | -A INPUT -m state --state INVALID -j DROP | works, stricter, protects | protect.wan.invalid: drop
    old.conf:6 | -A INPUT -p tcp ! --syn -m conntrack --ctstate NEW -j DROP | works, stricter, protects | protect.wan.new-tcp-without-syn: drop
    old.conf:7 | -A INPUT -p tcp --tcp-flags ALL NONE -j DROP | works, stricter, protects | protect.wan.malformed-null: drop
    old.conf:8 | -A INPUT -p tcp --tcp-flags ALL ALL -j DROP | works, stricter, protects | protect.wan.malformed-xmas: drop
    old.conf:9 | -A INPUT -p tcp --tcp-flags SYN,RST SYN,RST -j DROP | works, stricter, protects | protect.wan.malformed-bad: drop
    old.conf:10 | -A INPUT -p tcp --tcp-flags SYN,ACK SYN,ACK -j DROP | works, lost, protects | - | [import-not-carried]
    old.conf:11 | -A INPUT -p tcp -m tcpmss ! --mss 536:65535 -j DROP | works, looser, protects | protect.wan.small-mss: { minimum: 536 } | [import-harms]
    old.conf:12 | -A INPUT -p tcp -m tcpmss --mss 1:500 -j DROP | works, lost, protects | - | [import-not-carried]
    old.conf:13 | -A INPUT ! -i lo -s 127.0.0.0/8 -j DROP | works, stricter, protects | protect.wan.spoofed-source: drop
    old.conf:14 | -A INPUT -s 203.0.113.0/24 -j DROP | works, stricter, protects | protect.wan.blocklist: [203.0.113.0/24]
    old.conf:15 | -A INPUT -s 198.51.100.7 -j REJECT | works, stricter, protects | protect.wan.blocklist: [198.51.100.7]
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
    old.conf:7 | -A flood -m limit --limit 25/sec --limit-burst 50 -j RETURN | works, stricter, protects | protect.wan.syn-floods: { limit: 25/second burst 50, per: everyone, action: drop } | [import-harms]
    old.conf:8 | -A flood -j DROP | works, not-ours | -
    old.conf:9 | -A INPUT -p icmp --icmp-type 8 -m limit --limit 1/sec -j ACCEPT | works, stricter, protects | protect.wan.icmp-floods: { limit: 1/second burst 5, per: everyone, action: drop } | [import-harms]
    old.conf:10 | -A INPUT -p icmp --icmp-type 8 -j DROP | works, not-ours | -
    old.conf:11 | -A INPUT -p tcp --dport 443 -m state --state NEW -m hashlimit --hashlimit-above 20/sec --hashlimit-burst 40 --hashlimit-mode srcip --hashlimit-srcmask 24 --hashlimit-name a -j DROP | works, stricter, protects | protect.wan.connection-rate: { limit: 20/second burst 40, per: /24, action: drop, ports: [443/tcp] }
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
    old.conf:10 | -A INPUT -p tcp --syn --dport 80 -m connlimit --connlimit-above 20 -j REJECT --reject-with tcp-reset | works, stricter, protects | protect.wan.connections.80/tcp: { limit: 20, action: drop }
    old.conf:11 | -A INPUT -p tcp --syn --dport 81 -m connlimit --connlimit-above 20 --connlimit-mask 24 -j DROP | works, stricter, protects | protect.wan.connections.81/tcp: { limit: 20, per: /24, action: drop }
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
    "old.conf:3 | :INPUT DROP [0:0] | works, looser, protects | protect.wan.open: { ports: [22/tcp], for: { 0.0.0.0/0: off } }
    old.conf:4 | -A INPUT -p tcp --syn -m connlimit --connlimit-above 20 -j DROP | works, stricter, protects | protect.wan.connections.1-65535/tcp: { limit: 20, per: { ipv6: /128 }, action: drop }
    old.conf:5 | -A INPUT -p ipv6-icmp --icmpv6-type 128 -m limit --limit 10/sec -j ACCEPT | works, stricter, protects | protect.wan.icmp-floods: { limit: 10/second burst 5, per: everyone, action: drop } | [import-harms]
    old.conf:6 | -A INPUT -p tcp --dport 22 -j ACCEPT | works, same | protect.wan.open: 22/tcp
    old.conf:7 | -A INPUT -p tcp --dport 22 -j ACCEPT | nothing, same | - | [import-without-effect]

    protect:
      wan:
        icmp-floods: { limit: 10/second burst 5, per: everyone, action: drop }  # old.conf:5
        connections: { 1-65535/tcp: { limit: 20, per: { ipv6: /128 }, action: drop } }  # old.conf:4
        open: { ports: [22/tcp], for: { 0.0.0.0/0: off } }  # old.conf:3, 6
    "
  `)
})

test("an allow-list becomes open: ports, sources, devices, published ports of containers", () => {
  const imported = importText(importIptables, {
    "rules.v4": `*nat
-A PREROUTING ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:LOGDROP - [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -i eth1 -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -s 192.0.2.50/32 -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j LOGDROP
-A INPUT -i eth0 -p tcp --dport 22 -j ACCEPT
-A INPUT -s 198.51.100.0/24 -p tcp --dport 5432 -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A LOGDROP -m limit --limit 3/min -j LOG
-A LOGDROP -j DROP
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
-A FORWARD -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp --dport 80 -j ACCEPT
COMMIT
`,
  })
  loaded(imported)
  expect(`${itemLines(imported)}\n\n${policyText(imported)}`).toMatchInlineSnapshot(`
    "rules.v4:2 | -A PREROUTING ! -i docker0 -p tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80 | works, same | protect.wan.open: 8080/tcp
    rules.v4:5 | :INPUT DROP [0:0] | works, looser, protects | protect.wan.open: { ports: [8080/tcp, 22/tcp, { ports: [5432/tcp], from: [198.51.100.0/24] }], for: { 192.0.2.50: off, ::/0: off } }
    rules.v4:6 | :FORWARD DROP [0:0] | works, not-ours | -
    rules.v4:8 | -A INPUT -i lo -j ACCEPT | works, not-ours | -
    rules.v4:9 | -A INPUT -i eth1 -j ACCEPT | works, same | -
    rules.v4:10 | -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT | works, same | -
    rules.v4:11 | -A INPUT -s 192.0.2.50/32 -j ACCEPT | works, same | protect.wan.open: { for: { 192.0.2.50: off } }
    rules.v4:12 | -A INPUT -m conntrack --ctstate INVALID -j LOGDROP | works, stricter, protects | protect.wan.invalid: { for: { 192.0.2.50: off } }
    rules.v4:13 | -A INPUT -i eth0 -p tcp --dport 22 -j ACCEPT | works, same | protect.wan.open: 22/tcp
    rules.v4:14 | -A INPUT -s 198.51.100.0/24 -p tcp --dport 5432 -j ACCEPT | works, same | protect.wan.open: { ports: [5432/tcp], from: [198.51.100.0/24] }
    rules.v4:15 | -A INPUT -p icmp -j ACCEPT | works, same | -
    rules.v4:16 | -A LOGDROP -m limit --limit 3/min -j LOG | works, not-ours | -
    rules.v4:17 | -A LOGDROP -j DROP | works, same | -
    rules.v4:18 | -A FORWARD -i docker0 ! -o docker0 -j ACCEPT | works, not-ours | -
    rules.v4:19 | -A FORWARD -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp --dport 80 -j ACCEPT | works, not-ours | -

    version: 1

    interfaces: { wan: eth0 }

    protect:
      wan:
        invalid: { for: { 192.0.2.50: off } }  # rules.v4:12
        open:  # rules.v4:2, 5, 11 and 2 more
          ports: [8080/tcp, 22/tcp, { ports: [5432/tcp], from: [198.51.100.0/24] }]
          for: { 192.0.2.50: off, "::/0": off }
    "
  `)
})

test("what open cannot say stays where it is, and the report says why", () => {
  const refusals = (rules: string) =>
    importText(importIptables, `*filter\n:INPUT DROP\n:FORWARD DROP\n${rules}\nCOMMIT\n`).items.map(
      ({ text, relation, why }) => `${text} | ${relation}${why === undefined ? "" : ` | ${why}`}`,
    )
  expect(refusals("-A INPUT -p gre -j ACCEPT\n-A INPUT -p tcp --dport 22 -j ACCEPT")).toMatchInlineSnapshot(`
    [
      ":INPUT DROP | not-ours | It stays with iptables: line 4 accepts what open has no word for.",
      ":FORWARD DROP | not-ours",
      "-A INPUT -p gre -j ACCEPT | not-ours",
      "-A INPUT -p tcp --dport 22 -j ACCEPT | not-ours",
    ]
  `)
  expect(refusals("-A FORWARD -p tcp --dport 22 -j ACCEPT")).toMatchInlineSnapshot(`
    [
      ":INPUT DROP | not-ours | It stays with iptables: line 4 passes on what open would close.",
      ":FORWARD DROP | not-ours",
      "-A FORWARD -p tcp --dport 22 -j ACCEPT | not-ours",
    ]
  `)
  expect(refusals("-P FORWARD ACCEPT\n-A FORWARD -s 192.0.2.7 -j DROP")).toMatchInlineSnapshot(`
    [
      ":INPUT DROP | not-ours | It stays with iptables: FORWARD passes on what no rule drops, and open would close it.",
      "-A FORWARD -s 192.0.2.7 -j DROP | stricter | Packets for this host are met, too.",
    ]
  `)
})

test("a rule that drops the rest closes as well as a policy does", () => {
  expect(
    check("-A INPUT -p tcp --dport 22 -j ACCEPT\n-A INPUT -m state --state NEW -j DROP"),
  ).toMatchInlineSnapshot(`
    "old.conf:5 | -A INPUT -p tcp --dport 22 -j ACCEPT | works, same | protect.wan.open: 22/tcp
    old.conf:6 | -A INPUT -m state --state NEW -j DROP | works, looser, protects | protect.wan.open: { ports: [22/tcp], for: { ::/0: off } }

    protect:
      wan:
        open: { ports: [22/tcp], for: { "::/0": off } }  # old.conf:5, 6
    "
  `)
})

test("rules of both IP versions are the same; of one alone they become stricter, or by --exact do not", () => {
  const rules = "-A INPUT -p tcp --tcp-flags ALL NONE -j DROP\n-A FORWARD -p tcp --tcp-flags ALL NONE -j DROP"
  const both = {
    "rules.v4": `# Generated by iptables-save\n*filter\n${rules}\nCOMMIT\n`,
    "rules.v6": `# Generated by ip6tables-save\n*filter\n${rules}\nCOMMIT\n`,
  }
  expect(itemLines(importText(importIptables, both))).toMatchInlineSnapshot(`
    "rules.v4:3 | -A INPUT -p tcp --tcp-flags ALL NONE -j DROP | works, same, protects | protect.wan.malformed-null: drop
    rules.v4:4 | -A FORWARD -p tcp --tcp-flags ALL NONE -j DROP | works, same, protects | protect.wan.malformed-null: drop
    rules.v6:3 | -A INPUT -p tcp --tcp-flags ALL NONE -j DROP | works, same, protects | protect.wan.malformed-null: drop
    rules.v6:4 | -A FORWARD -p tcp --tcp-flags ALL NONE -j DROP | works, same, protects | protect.wan.malformed-null: drop"
  `)
  const script = rules.replace(/^/gm, "iptables ")
  expect(itemLines(importText(importIptables, script))).toMatchInlineSnapshot(`
    "old.conf:1 | iptables -A INPUT -p tcp --tcp-flags ALL NONE -j DROP | works, stricter, protects | protect.wan.malformed-null: drop
    old.conf:2 | iptables -A FORWARD -p tcp --tcp-flags ALL NONE -j DROP | works, stricter, protects | protect.wan.malformed-null: drop"
  `)
  expect(itemLines(importText(importIptables, script, { exact: true }))).toMatchInlineSnapshot(`
    "old.conf:1 | iptables -A INPUT -p tcp --tcp-flags ALL NONE -j DROP | works, same, protects | protect.wan.malformed-null: { for: { ::/0: off } }
    old.conf:2 | iptables -A FORWARD -p tcp --tcp-flags ALL NONE -j DROP | works, same, protects | protect.wan.malformed-null: { for: { ::/0: off } }"
  `)
  expect(
    itemLines(importText(importIptables, `${script}\n${script.replaceAll("iptables", "ip6tables")}`)),
  ).toMatchInlineSnapshot(`
    "old.conf:1 | iptables -A INPUT -p tcp --tcp-flags ALL NONE -j DROP | works, same, protects | protect.wan.malformed-null: drop
    old.conf:2 | iptables -A FORWARD -p tcp --tcp-flags ALL NONE -j DROP | works, same, protects | protect.wan.malformed-null: drop
    old.conf:3 | ip6tables -A INPUT -p tcp --tcp-flags ALL NONE -j DROP | works, same, protects | protect.wan.malformed-null: drop
    old.conf:4 | ip6tables -A FORWARD -p tcp --tcp-flags ALL NONE -j DROP | works, same, protects | protect.wan.malformed-null: drop"
  `)
})

test("devices on which the same is asked are a zone", () => {
  expect(
    check(`
-A INPUT -i eth1 -s 10.0.0.0/8 -j ACCEPT
-A INPUT -i tun+ -j ACCEPT
-A INPUT -m state --state INVALID -j DROP
-A INPUT -i eth0 -p tcp --syn -m limit --limit 5/s -j ACCEPT
-A INPUT -i eth0 -p tcp --syn -j DROP
-A FORWARD -m state --state INVALID -j DROP
`),
  ).toMatchInlineSnapshot(`
    "old.conf:5 | -A INPUT -i eth1 -s 10.0.0.0/8 -j ACCEPT | works, not-ours | -
    old.conf:6 | -A INPUT -i tun+ -j ACCEPT | works, not-ours | -
    old.conf:7 | -A INPUT -m state --state INVALID -j DROP | works, stricter, protects | protect.wan.invalid: drop; protect.eth1.invalid: drop
    old.conf:8 | -A INPUT -i eth0 -p tcp --syn -m limit --limit 5/s -j ACCEPT | works, stricter, protects | protect.wan.syn-floods: { limit: 5/second burst 5, per: everyone, action: drop } | [import-harms]
    old.conf:9 | -A INPUT -i eth0 -p tcp --syn -j DROP | works, not-ours | -
    old.conf:10 | -A FORWARD -m state --state INVALID -j DROP | works, stricter, protects | protect.wan.invalid: drop; protect.eth1.invalid: drop; protect.tun.invalid: drop

    protect:
      wan:
        invalid: drop  # old.conf:7, 10
        syn-floods: { limit: 5/second burst 5, per: everyone, action: drop }  # old.conf:8
      eth1:
        invalid: drop  # old.conf:7, 10
      tun:
        invalid: drop  # old.conf:10
    "
  `)
})

test("scans: who comes to a decoy is kept out; who knocks is nobody's protection", () => {
  expect(
    check(`
-A INPUT -m recent --name scan --update --seconds 3600 -j DROP
-A INPUT -p tcp -m multiport --dports 23,139 -m recent --name scan --set -j DROP
-A INPUT -p tcp --dport 22 -m recent --rcheck --name knock -j ACCEPT
-A INPUT -p tcp --dport 7000 -m recent --set --name knock -j DROP
-A INPUT -m string --string boo --algo bm -j DROP
-A INPUT -m rpfilter --invert -j DROP
-A INPUT -m addrtype --src-type LOCAL ! -i lo -j DROP
`),
  ).toMatchInlineSnapshot(`
    "old.conf:5 | -A INPUT -m recent --name scan --update --seconds 3600 -j DROP | works, same | -
    old.conf:6 | -A INPUT -p tcp -m multiport --dports 23,139 -m recent --name scan --set -j DROP | works, looser, protects | protect.wan.decoy-ports: { limit: more than 1 in 3600s, ports: [23/tcp, 139/tcp], block-for: 3600s }
    old.conf:7 | -A INPUT -p tcp --dport 22 -m recent --rcheck --name knock -j ACCEPT | works, not-ours | -
    old.conf:8 | -A INPUT -p tcp --dport 7000 -m recent --set --name knock -j DROP | works, same | -
    old.conf:9 | -A INPUT -m string --string boo --algo bm -j DROP | works, lost, protects | - | [import-not-carried]
    old.conf:10 | -A INPUT -m rpfilter --invert -j DROP | works, lost, protects | - | [import-not-carried]
    old.conf:11 | -A INPUT -m addrtype --src-type LOCAL ! -i lo -j DROP | works, stricter, protects | protect.wan.spoofed-source: drop
    old.conf:10:13: -m rpfilter works in the table raw or mangle only, and this is filter [xt-wrong-place]

    protect:
      wan:
        spoofed-source: drop  # old.conf:11
        # old.conf:6
        decoy-ports: { limit: more than 1 in 3600s, ports: [23/tcp, 139/tcp], block-for: 3600s }
    "
  `)
})

test("ipsets whose members the rules say are lists; others are somebody else's", () => {
  expect(
    check(
      "-A INPUT -m set --match-set bad src -j DROP\n-A INPUT -m set --match-set f2b-sshd src -j REJECT",
      `create bad hash:net
add bad 203.0.113.0/24
add bad 198.51.100.7
create f2b-sshd hash:ip timeout 600
*filter
:INPUT ACCEPT [0:0]`,
    ),
  ).toMatchInlineSnapshot(`
    "old.conf:7 | -A INPUT -m set --match-set bad src -j DROP | works, stricter, protects | protect.wan.blocklist: [203.0.113.0/24, 198.51.100.7]
    old.conf:8 | -A INPUT -m set --match-set f2b-sshd src -j REJECT | works, lost, protects | - | [import-not-carried]

    protect:
      wan:
        blocklist: [203.0.113.0/24, 198.51.100.7]  # old.conf:7
    "
  `)
})

test("limits that limit nothing, and limits of chains", () => {
  expect(
    check(
      `
-A INPUT -p tcp --dport 22 -m limit --limit 1/s -j ACCEPT
-A INPUT -p tcp --dport 22 -j ACCEPT
-A INPUT -p icmp -m limit --limit 2/s -j ping
-A INPUT -j rest
-A ping -p icmp --icmp-type 8 -j ACCEPT
-A rest -p tcp --dport 80 -m recent --set --name web
-A rest -p tcp --dport 80 -m state --state NEW -m recent ! --rcheck --seconds 10 --hitcount 5 --name web -j ACCEPT
-A rest -j DROP
`,
      "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n:ping - [0:0]\n:rest - [0:0]",
    ),
  ).toMatchInlineSnapshot(`
    "old.conf:3 | :FORWARD DROP [0:0] | works, not-ours | -
    old.conf:6 | -A INPUT -p tcp --dport 22 -m limit --limit 1/s -j ACCEPT | nothing, same | - | [import-without-effect]
    old.conf:7 | -A INPUT -p tcp --dport 22 -j ACCEPT | works, not-ours | -
    old.conf:8 | -A INPUT -p icmp -m limit --limit 2/s -j ping | works, not-ours | -
    old.conf:9 | -A INPUT -j rest | works, not-ours | -
    old.conf:10 | -A ping -p icmp --icmp-type 8 -j ACCEPT | works, stricter, protects | protect.wan.icmp-floods: { limit: 2/second burst 5, per: everyone, action: drop } | [import-harms]
    old.conf:11 | -A rest -p tcp --dport 80 -m recent --set --name web | works, same | -
    old.conf:12 | -A rest -p tcp --dport 80 -m state --state NEW -m recent ! --rcheck --seconds 10 --hitcount 5 --name web -j ACCEPT | works, stricter, protects | protect.wan.port-floods.80/tcp: { limit: more than 4 in 10s, action: drop, block-for: 10s, lift: until-quiet }
    old.conf:13 | -A rest -j DROP | works, not-ours | -

    protect:
      wan:
        icmp-floods: { limit: 2/second burst 5, per: everyone, action: drop }  # old.conf:10
        port-floods:
          # old.conf:12
          80/tcp: { limit: more than 4 in 10s, action: drop, block-for: 10s, lift: until-quiet }
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
    "-A INPUT|-A chain|-p tcp|-p udp|-p icmp|--dport 22|--syn|-m state --state NEW|-m state --state INVALID|-m recent --set|-m recent --update --seconds 60 --hitcount 4|-m limit --limit 1/s|-m connlimit --connlimit-above 0|-m connlimit --connlimit-above 3|-m hashlimit --hashlimit-above 1/day --hashlimit-mode srcip,dstport --hashlimit-name x|-m multiport --dports 1,2:9|--tcp-flags ALL NONE|-s 10.0.0.0/8|-s 0.0.0.0/0|-s 10.0.0.1/255.0.0.255|-i eth+|-i lo|-f|-m tcpmss --mss 1:9|-m set --match-set s src|-m iprange --src-range 10.0.0.1-10.0.0.6|-m addrtype --src-type LOCAL|! -i eth0|--dport 0|--dport 1:65535|-m recent ! --rcheck --seconds 9 --hitcount 3|-m conntrack --ctstate ESTABLISHED|-j RETURN|-j DROP|-j ACCEPT|-j chain|-j REJECT|!".split(
      "|",
    )
  const line = fc.array(
    fc.oneof({ weight: 20, arbitrary: fc.constantFrom(...words) }, fc.string({ maxLength: 5 })),
    { maxLength: 9 },
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const rules = lines.map((line) => `-A INPUT ${line.join(" ")}`).join("\n")
      loaded(
        importText(
          importIptables,
          `create s hash:net\nadd s 10.1.0.0/16\n*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:chain - [0:0]\n${rules}\nCOMMIT\n`,
        ),
      )
    }),
    { numRuns: 300 },
  )
})
