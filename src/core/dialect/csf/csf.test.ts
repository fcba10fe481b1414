import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { printDiagnostic } from "../../base/diagnostic.js"
import { loadPolicy } from "../../policy/load.js"
import { printDraft } from "../draft.js"
import type { Imported } from "../imported.js"
import { brief, environment, importConf, importFiles } from "./csf-fixture.js"
import { limitPhrase } from "./floods.js"

/** What is printed is a policy: it loads without an error. */
function loaded(imported: Imported): Imported {
  const text = printDraft(imported.policy, imported.items, "from CSF")
  const { diagnostics } = loadPolicy({ path: "policy.yaml", text }, environment)
  const errors = diagnostics.filter(({ severity }) => severity === "error")
  expect([errors.map(printDiagnostic), text]).toEqual([[], text])
  return imported
}

function report(conf: string, exact = false): string[] {
  return loaded(importConf(conf, exact)).items.map((item) => `${item.span.column} ${brief(item)}`)
}

/** Items of one PORTFLOOD, without the columns. */
function floods(value: string, exact = false): string[] {
  const { items } = loaded(importConf(`PORTFLOOD = "${value}"`, exact))
  return items.map(brief).map((text) => text.replaceAll("protect.wan.port-floods.", ""))
}

const held = (count: number, seconds: number) =>
  `{ limit: more than ${count} in ${seconds}s, action: drop, block-for: ${seconds}s, lift: until-quiet }`

const sliding = (count: number, seconds: number) =>
  `{ limit: more than ${count} in ${seconds}s, action: drop, lift: sliding }`

describe("PORTFLOOD", () => {
  test.each<[string, string[]]>([
    ["22;tcp;5;300", [`works looser: 22/tcp: ${held(5, 300)} [csf-one-less]`]],
    [
      "22;tcp;5;300,80;tcp;20;5",
      [
        `works looser: 22/tcp: ${held(5, 300)} [csf-one-less]`,
        `works looser: 80/tcp: ${held(20, 5)} [csf-one-less]`,
      ],
    ],
    ["20:30;udp;5;60", [`works looser: 20-30/udp: ${held(5, 60)} [csf-one-less]`]],
    ["http;tcp;20;5", [`works looser: 80/tcp: ${held(20, 5)} [csf-one-less]`]],
    [":1024;tcp;9;9", [`works looser: 1-1024/tcp: ${held(9, 9)} [csf-one-less]`]],
    [" 22 ; tcp ; 5 ; 300 ,", [`works looser: 22/tcp: ${held(5, 300)} [csf-one-less]`]],
    ["22;tcp;5;300;", [`works looser: 22/tcp: ${held(5, 300)} [csf-one-less]`]],
    ["22;tcp;1;5", [`works looser: 22/tcp: ${held(1, 5)} [csf-closes-port]`]],
    // Above 20, and perhaps swapped.
    ["80;tcp;100;60", ["nothing same: - [csf-count]"]],
    ["22;tcp;300;5", ["nothing same: - [csf-fields-swapped]"]],
    ["22;tcp;0;5", ["nothing same: - [csf-count]"]],
    ["22;tcp;many;5", ["nothing same: - [csf-count]"]],
    // Refused by iptables, while CSF goes on.
    ["22;tcp;5;5m", ["nothing same: - [csf-rule-refused]"]],
    ["22;tcp;5;-3", ["nothing same: - [csf-rule-refused]"]],
    ["22;tcp;5;0", ["nothing same: - [csf-rule-refused]"]],
    ["22;icmp;5;5", ["nothing same: - [csf-rule-refused]"]],
    ["22;tcpx;5;5", ["nothing same: - [csf-rule-refused]"]],
    ["*;tcp;5;5", ["nothing same: - [csf-rule-refused]"]],
    ["0;tcp;5;5", ["nothing same: - [csf-rule-refused]"]],
    ["30:20;tcp;5;5", ["nothing same: - [csf-rule-refused]"]],
    // The whole firewall open.
    ["1", ["breaks-open stricter: - [csf-breaks-open]"]],
    ["22;TCP;5;300", ["breaks-open stricter: - [csf-breaks-open]"]],
    ["70000;tcp;5;300", ["breaks-open stricter: - [csf-breaks-open]"]],
    ["22;tcp;5", ["breaks-open stricter: - [csf-breaks-open]"]],
    ["22:tcp:5:300", ["breaks-open stricter: - [csf-breaks-open]"]],
    ["tcp;22;5;300", ["breaks-open stricter: - [csf-breaks-open]"]],
    ["22;5;300;tcp", ["breaks-open stricter: - [csf-breaks-open]"]],
    [
      "22;tcp;5;300,,80;tcp;20;5",
      [
        `nothing stricter: 22/tcp: ${held(5, 300)} [csf-one-less]`,
        "breaks-open stricter: - [csf-breaks-open]",
        `nothing stricter: 80/tcp: ${held(20, 5)} [csf-one-less]`,
      ],
    ],
    [
      "80,443;tcp;20;5",
      [
        "breaks-open stricter: - [csf-breaks-open]",
        `nothing stricter: 443/tcp: ${held(20, 5)} [csf-one-less]`,
      ],
    ],
    ["", ["nothing same: -"]],
    [",,", ["nothing same: -"]],
    // Never guessed at.
    ["22;tcp;5;300 80;tcp;20;5", ["partly lost (protects): - [csf-fields-extra]"]],
    ["22;tcp;5;300;yes", ["partly lost (protects): - [csf-fields-extra]"]],
    ["0x16;tcp;5;300", ["partly lost (protects): - [csf-ambiguous]"]],
    ["22;tcp;5;0x10", ["partly lost (protects): - [csf-ambiguous]"]],
    ["22;tcp;0x5;300", ["nothing same: - [csf-count]"]],
    ["022;tcp;5;300", ["partly lost (protects): - [csf-ambiguous]"]],
    ["22;tcp;05;300", ["partly lost (protects): - [csf-ambiguous]"]],
    // One list for both.
    [
      "53;udp;20;5,53;tcp;10;5",
      [
        `works looser: 53/udp: ${held(20, 5)} [csf-one-less] [csf-list-shared]`,
        `works looser: 53/tcp: ${held(10, 5)} [csf-one-less] [csf-list-shared]`,
      ],
    ],
    [
      "22;tcp;5;300,22;tcp;10;60",
      [
        `partly looser: 22/tcp: ${held(5, 300)} [csf-list-shared]`,
        "partly lost (protects): - [csf-list-shared] [csf-not-carried]",
      ],
    ],
    [
      "22;tcp;5;300,22;tcp;5;300",
      new Array(2).fill(`partly looser: 22/tcp: ${held(5, 300)} [csf-list-shared]`),
    ],
    [
      "20:30;tcp;5;300,22;tcp;5;300",
      [
        `works looser: 20-30/tcp: ${held(5, 300)} [csf-one-less]`,
        "partly lost (protects): - [csf-one-less] [csf-not-carried]",
      ],
    ],
  ])("%s", (value, expected) => expect(floods(value)).toEqual(expected))

  test.each<[string, string[]]>([
    ["22;tcp;5;300", [`works stricter: 22/tcp: ${sliding(4, 300)} [csf-one-less]`]],
    ["22;tcp;2;300", [`works stricter: 22/tcp: ${sliding(1, 300)} [csf-one-less]`]],
    ["22;tcp;1;300", ["partly lost (protects): - [csf-closes-port]"]],
    [
      "22;tcp;5;300 80;tcp;20;5",
      [`partly stricter: 22/tcp: ${sliding(4, 30_080)} [csf-fields-extra] [csf-one-less]`],
    ],
    [
      "22;tcp;5;300,22;tcp;5;300",
      new Array(2).fill(`partly looser: 22/tcp: ${held(2, 300)} [csf-list-shared]`),
    ],
    [
      "53;udp;20;5,53;tcp;20;5",
      new Array(2).fill(`works stricter: 53: ${sliding(19, 5)} [csf-one-less] [csf-list-shared]`),
    ],
    [
      "53;udp;20;5,53;tcp;10;5",
      [
        `works looser: 53/udp: ${sliding(19, 5)} [csf-one-less] [csf-list-shared]`,
        `works looser: 53/tcp: ${sliding(9, 5)} [csf-one-less] [csf-list-shared]`,
      ],
    ],
  ])("exact: %s", (value, expected) => expect(floods(value, true)).toEqual(expected))

  test("says what CSF does, and what to write instead of what is not guessed", () => {
    const { items } = importConf('PORTFLOOD = "22;tcp;5;300,25;tcp;300;5"')
    expect(items[0]!.ownerDoes).toBe(
      "the 5th new connection of a source to port 22/tcp within 300s is dropped, where CSF's manual lets 5 pass, and so are all while 5 are remembered in 300s, dropped ones twice",
    )
    expect(items[0]!.why).toBe(
      "5 connections pass, as CSF's manual says, where its rules let 4; where two windows of 300s meet, up to 10 pass; stricter: who was dropped stays out until 300s are quiet, where CSF lets in who tries less than once in 150s",
    )
    expect(items[1]!.diagnostics.map(printDiagnostic)).toEqual([
      [
        'csf.conf:1:27: "25;tcp;300;5" protects nothing: the count 300 is above 20; perhaps count and seconds are swapped, perhaps not [csf-fields-swapped]',
        `  hint: if 300 are the seconds, write port-floods: { 25/tcp: ${held(5, 300)} }; if they are the count, port-floods: { 25/tcp: ${held(300, 5)} }`,
      ].join("\n"),
    ])
  })

  test("two same items are limited from the 3rd on", () => {
    const [first] = importConf('PORTFLOOD = "22;tcp;5;300,22;tcp;10;60"').items
    expect(first?.ownerDoes).toMatch(/^the 3rd new connection/)
  })
})

test.each<[string, string | undefined]>([
  ["100/s", "100/second burst 150"],
  ["100", "100/second burst 150"],
  ["30/m", "30/minute burst 150"],
  ["30/MIN", "30/minute burst 150"],
  ["5/hour", "5/hour burst 150"],
  ["1/d", "1/day burst 150"],
  // As iptables 1.8.9 takes them.
  ["1.5/s", "1/second burst 150"],
  ["10000/s", "10000/second burst 150"],
  ["10001/s", undefined],
  ["20000/m", "20000/minute burst 150"],
  ["0/s", undefined],
  ["abc", undefined],
  ["100/", undefined],
  ["100/minutes", undefined],
  ["100/x", undefined],
  ["", undefined],
])("--limit %s", (rate, expected) => expect(limitPhrase(rate, "150")).toBe(expected))

test.each([
  ["0", "1/second burst 5"],
  ["10000", "1/second burst 10000"],
  ["10001", undefined],
  ["many", undefined],
])("--limit-burst %s", (burst, expected) => expect(limitPhrase("1/s", burst)).toBe(expected))

describe("settings", () => {
  test.each<[string, string[]]>([
    [
      'CONNLIMIT = "22;5,80;20"',
      [
        "14 works stricter: protect.wan.connections.22/tcp: 5",
        "19 works stricter: protect.wan.connections.80/tcp: 20",
      ],
    ],
    ['CONNLIMIT = "100"', ["14 breaks-open stricter: - [csf-breaks-open]"]],
    ['CONNLIMIT = "22;0"', ["14 breaks-open stricter: - [csf-breaks-open]"]],
    ['CONNLIMIT = "22;5x"', ["14 nothing same: - [csf-rule-refused]"]],
    ['CONNLIMIT = "22;5;80;20"', ["14 partly lost (protects): - [csf-fields-extra]"]],
    ['CONNLIMIT = ""', ["1 nothing same: -"]],
    [
      'SYNFLOOD = "1"\nSYNFLOOD_RATE = "75/s"\nSYNFLOOD_BURST = "25"',
      [
        "1 works looser: protect.wan.syn-floods: 75/second burst 25 [csf-limit-for-all]",
        "1 works same: -",
        "1 works same: -",
      ],
    ],
    ['SYNFLOOD = "1"', ["1 works looser: protect.wan.syn-floods: 100/second burst 150 [csf-limit-for-all]"]],
    [
      'SYNFLOOD = "1"\nSYNFLOOD_RATE = "many"',
      ["1 partly lost (protects): - [csf-rule-refused]", "1 works same: -"],
    ],
    ['ICMP_IN_RATE = "1 a second"', ["1 partly lost (protects): - [csf-rule-refused]"]],
    ['ICMP_OUT_RATE = "0/s"', ["1 partly lost (protects): - [csf-rule-refused]"]],
    [
      'DROP = "reject"\nPORTFLOOD = "22;tcp;5;300"',
      ["1 nothing stricter: - [csf-bad-value]", "14 nothing same: - [csf-rule-refused]"],
    ],
    ['TCP_IN = "22 80"', ["11 works same: protect.wan.open: 2280/tcp [csf-ambiguous]"]],
    ['SYNFLOOD = "0"', ["1 nothing same: -"]],
    ['UDPFLOOD = "1"', ["1 works lost (protects): - [csf-not-carried]"]],
    [
      'ICMP_IN_RATE = "1/s"',
      ["1 partly looser: protect.wan.icmp-floods: 1/second burst 5 [csf-limit-for-all]"],
    ],
    ['ICMP_IN_RATE = "0"', ["1 nothing same: -"]],
    ['ICMP_IN = "0"', ["1 works lost (protects): - [csf-not-carried]"]],
    [
      'ICMP_OUT_RATE = "5/s"',
      ["1 works stricter: protect.wan.outgoing.icmp-floods: { limit: 5/second burst 5, per: everyone }"],
    ],
    [
      'PACKET_FILTER = "1"\nLF_SPI = "0"',
      ["1 nothing same: - [csf-rule-refused]", "1 partly stricter: - [csf-without-tracking]"],
    ],
    ['DROP = "DROP"', ["1 works same: -"]],
    ['DROP = "REJECT"', ["1 works stricter: -"]],
    ['DROP = "reject"', ["1 nothing stricter: - [csf-bad-value]"]],
    ['IPV6 = "0"', ["1 works stricter: - [csf-ipv6-open]"]],
    ['ETH_DEVICE = ""', ["1 works looser: interfaces.wan: auto [csf-other-devices]"]],
    ['ETH_DEVICE = "eth+"', ["1 works same: interfaces.wan: eth*"]],
    ['ETH_DEVICE = "eth0 eth1"', ["1 nothing stricter: interfaces.wan: auto [csf-bad-value]"]],
    ['TESTING = "1"', ["1 partly not-ours: - [csf-testing]"]],
    ['TESTING = "0"', ["1 nothing same: -"]],
    [
      'TCP_IN = "22,8000:8100,ssh,70000,http"\nUDP_IN = ""',
      [
        "11 works same: protect.wan.open: 22/tcp",
        "14 works same: protect.wan.open: 8000-8100/tcp",
        "24 works same: protect.wan.open: 22/tcp",
        "28 nothing same: - [csf-rule-refused]",
        "34 works same: protect.wan.open: 80/tcp",
        "1 works same: protect.wan.open: no udp port",
      ],
    ],
    [
      'IPV6 = "1"\nTCP_IN = "22,80"\nTCP6_IN = "22"',
      [
        "1 works same: -",
        "11 works same: protect.wan.open: 22/tcp",
        "14 works looser: protect.wan.open: 80/tcp [csf-families-differ]",
        "12 works same: protect.wan.open: 22/tcp",
      ],
    ],
    ['TCP_OUT = "22,80"', ["1 works lost (protects): - [csf-outgoing-stays-open]"]],
    ['TCP_OUT = "1:65535"', ["1 works same: -"]],
    [
      'PS_INTERVAL = "300"\nPS_LIMIT = "15"\nPS_PERMANENT = "1"',
      [
        "1 partly stricter: detect.port-scan: { limit: more than 15 in 300s, action: block, block-for: ever } [csf-needs-guard]",
        "1 works same: -",
        "1 works same: -",
      ],
    ],
    [
      'CT_LIMIT = "150"\nCT_PORTS = "80,443"',
      [
        "1 works stricter: protect.wan.connections.limit: 150; protect.wan.connections.action: block; protect.wan.connections.block-for: 1800s; protect.wan.connections.ports: [80/tcp, 443/tcp]",
        "1 works same: -",
      ],
    ],
    [
      'CT_LIMIT = "150"\nCT_PORTS = "80"\nCONNLIMIT = "22;5"',
      [
        "1 partly lost (protects): - [csf-not-carried]",
        "1 works same: -",
        "14 works stricter: protect.wan.connections.22/tcp: 5",
      ],
    ],
    [
      'LF_SSHD = "5"\nLF_SSHD_PERM = "1"\nLF_FTPD = "0"',
      [
        "1 works same: detect.failed-logins: { limit: more than 4 in 3600s, action: block, block-for: ever } [csf-needs-guard]",
        "1 works same: -",
        "1 nothing same: -",
      ],
    ],
    [
      'LF_SSHD = "3"\nLF_SSHD_PERM = "1800"\nLF_INTERVAL = "600"',
      [
        "1 works same: detect.failed-logins: { limit: more than 2 in 600s, action: block, block-for: 1800s } [csf-needs-guard]",
        "1 works same: -",
        "1 works same: -",
      ],
    ],
    ['LF_FTPD = "10"', ["1 works lost (protects): - [csf-needs-guard]"]],
    ['LF_PERMBLOCK = "1"', ["1 works looser: - [csf-needs-guard]"]],
    ['LF_NETBLOCK = "1"', ["1 works lost (protects): - [csf-not-carried]"]],
    ['LF_ALERT_TO = "root"\nFASTSTART = "1"', ["1 works not-ours: -", "1 works not-ours: -"]],
    ['NO_SUCH = "1"', ["1 nothing not-ours: - [csf-unknown-setting]"]],
    ["TCP_IN = 22", ["1 refused same: - [csf-refused]"]],
    [
      'TCP_IN = "22"\nPORTFLOOD = "22;tcp;5;300"\nTCP_IN = "80"',
      [
        "11 nothing stricter: protect.wan.open: 22/tcp",
        `14 nothing stricter: protect.wan.port-floods.22/tcp: ${held(5, 300)} [csf-one-less]`,
        "1 refused same: - [csf-refused]",
      ],
    ],
  ])("%s", (conf, expected) => expect(report(conf)).toEqual(expected))

  test.each<[string, string[]]>([
    [
      'SYNFLOOD = "1"',
      [
        "1 works same: protect.wan.syn-floods: { limit: 100/second burst 150, per: everyone } [csf-limit-for-all]",
      ],
    ],
    [
      'ICMP_IN_RATE = "1/s"\nIPV6 = "1"',
      [
        "1 partly same: protect.wan.icmp-floods: { limit: 1/second burst 5, per: everyone, for: { ::/0: off } } [csf-limit-for-all]",
        "1 works same: -",
      ],
    ],
    [
      'IPV6 = "0"',
      ["1 works same: bypass: in on wan from ::/0; bypass: out on wan from ::/0 [csf-ipv6-open]"],
    ],
    [
      'CONNLIMIT = "22;5"\nIPV6 = "1"',
      [
        "14 works stricter: protect.wan.connections.22/tcp: { limit: 5, per: { ipv4: /32, ipv6: /128 } }",
        "1 works same: -",
      ],
    ],
  ])("exact: %s", (conf, expected) => expect(report(conf, true)).toEqual(expected))

  test("a mistake that opens the firewall is said of the whole", () => {
    const { closed, diagnostics } = loaded(importConf('TCP_IN = "22"\nPORTFLOOD = "22;TCP;5;300"'))
    expect(closed.before).toBe(
      "CSF closes nothing: it gives up at a mistake, and flushes the whole firewall open.",
    )
    expect(closed.after).toBe(
      "The policy closes every port to new connections but 22/tcp; on the way out everything is open.",
    )
    expect(diagnostics.map(({ id }) => id)).toEqual(["csf-breaks-open"])
  })

  test("without lists of ports nothing is closed, and it is said", () => {
    expect(loaded(importConf('PORTFLOOD = "22;tcp;5;300"')).closed.after).toMatch(
      /^The policy closes nothing/,
    )
  })

  test("lines without = are passed over, comments are none, and a file of something else is told", () => {
    expect(importConf('# a\n\nstray\nTESTING = "0"\n').diagnostics.map(printDiagnostic)).toEqual([
      'csf.conf:3:1: CSF passes over "stray": it has no = [csf-syntax]',
    ])
    const { diagnostics, items } = loaded(importFiles({ "notes.txt": "hello\n" }))
    expect([diagnostics.map(({ id }) => id), items]).toEqual([["csf-nothing-found"], []])
  })
})

describe("lists", () => {
  const list = (name: string, text: string, others: Readonly<Record<string, string>> = {}) =>
    loaded(importFiles({ [`csf.${name}`]: text }, false, others)).items.map(brief)

  test.each<[string, string, string[]]>([
    [
      "allow",
      "192.0.2.7 # office\n# a comment\n\n2001:db8::/32",
      [
        "works same: bypass: in on wan from 192.0.2.7; bypass: out on wan to 192.0.2.7",
        "works same: bypass: in on wan from 2001:db8::/32; bypass: out on wan to 2001:db8::/32",
      ],
    ],
    ["allow", "127.0.0.1\n::1", ["works same: -", "works same: -"]],
    ["ignore", "127.0.0.0/8", ["works same: -"]],
    [
      "allow",
      "192.0.2.77/24",
      ["works same: bypass: in on wan from 192.0.2.0/24; bypass: out on wan to 192.0.2.0/24"],
    ],
    [
      "allow",
      "tcp|in|d=22,80_90|s=192.0.2.1",
      ["works same: bypass: in on wan tcp port 22,80-90 from 192.0.2.1"],
    ],
    ["allow", "udp:out:d=53:d=192.0.2.53", ["works same: bypass: out on wan udp port 53 to 192.0.2.53"]],
    ["allow", "d=22|s=192.0.2.1", ["works same: bypass: in on wan tcp port 22 from 192.0.2.1"]],
    ["allow", "tcp|in|s=22|s=192.0.2.1", ["works stricter: - [csf-not-carried]"]],
    ["allow", "icmp|in|d=ping|s=192.0.2.1", ["works stricter: - [csf-not-carried]"]],
    ["allow", "udp|out|d=53|u=33", ["works stricter: - [csf-not-carried]"]],
    ["allow", "tcp|sideways|d=22", ["nothing same: - [csf-syntax]"]],
    ["allow", "0.0.0.0/0", ["works not-ours: - [csf-everybody]"]],
    ["allow", "example.org", ["nothing same: - [csf-syntax]"]],
    [
      "deny",
      "203.0.113.9",
      ["works same: protect.wan.blocklist: 203.0.113.9; protect.wan.outgoing.blocklist: 203.0.113.9"],
    ],
    ["deny", "tcp|in|d=22|s=203.0.113.9", ["works lost (protects): - [csf-not-carried]"]],
    ["deny", "0.0.0.0/0", ["works not-ours: - [csf-everybody]"]],
    ["ignore", "192.0.2.50", ["works same: never-block: 192.0.2.50"]],
    [
      "tempban",
      "1700000000|203.0.113.9|22|in|3600|lfd - (sshd)",
      ["works lost (protects): - [csf-not-carried]"],
    ],
    [
      "blocklists",
      "#SPAMDROP|86400|0|https://a.example\nDROP|86400|0|https://b.example",
      ["works lost (protects): - [csf-not-carried]"],
    ],
    ["blocklists", "DROP|86400", ["refused same: - [csf-syntax]"]],
    ["deny", "Include /etc/csf/more.deny", ["works lost (protects): - [csf-include]"]],
  ])("csf.%s: %s", (name, text, expected) => expect(list(name, text)).toEqual(expected))

  test("what is included is read, with its own places, and never itself", () => {
    const others = { "/etc/csf/more.deny": "203.0.113.8\nInclude /etc/csf/more.deny\n" }
    const { items, policy } = loaded(
      importFiles({ "csf.deny": "Include /etc/csf/more.deny\n203.0.113.9\n" }, false, others),
    )
    expect(items.map((item) => `${item.span.file}:${item.span.line} ${item.relation}`)).toEqual([
      "csf.deny:1 same",
      "/etc/csf/more.deny:1 same",
      "/etc/csf/more.deny:2 lost",
      "csf.deny:2 same",
    ])
    expect(JSON.stringify(policy)).toContain('"blocklist":["203.0.113.8","203.0.113.9"]')
  })

  test("the lists beside csf.conf are read with it, and once", () => {
    const others = { "csf.allow": "192.0.2.7\n", "csf.deny": "203.0.113.9\n" }
    const { items } = loaded(
      importFiles({ "csf.conf": 'LF_BLOCKINONLY = "1"\n', "csf.deny": "203.0.113.1\n" }, false, others),
    )
    expect(items.map((item) => `${item.span.file} ${brief(item)}`)).toEqual([
      "csf.conf works not-ours: -",
      "csf.deny works same: protect.wan.blocklist: 203.0.113.1",
      "csf.allow works same: bypass: in on wan from 192.0.2.7; bypass: out on wan to 192.0.2.7",
    ])
  })
})

describe("whatever is written", () => {
  const words = fc.constantFrom(
    ...'22 80 53 tcp udp icmp TCP 5 20 21 300 0 1 -3 ; , : | = " # ssh 5m 65535 65536 99999999999 * 010 eth+ s=1.2.3.4 d=22 in out ::1 10.0.0.0/8 Include'.split(
      " ",
    ),
    " ",
    "\n",
  )
  const names = fc.constantFrom(
    ..."PORTFLOOD CONNLIMIT TCP_IN UDP_IN TCP6_IN TCP_OUT SYNFLOOD SYNFLOOD_RATE SYNFLOOD_BURST ICMP_IN ICMP_IN_RATE ICMP_OUT_RATE PACKET_FILTER LF_SPI IPV6 DROP ETH_DEVICE ETH6_DEVICE TESTING PS_INTERVAL PS_LIMIT PS_BLOCK_TIME CT_LIMIT CT_BLOCK_TIME CT_PORTS UDPFLOOD LF_SSHD".split(
      " ",
    ),
  )
  const value = fc.array(words, { maxLength: 14 }).map((all) => all.join(""))
  const line = fc.tuple(names, value).map(([name, text]) => `${name} = "${text.replaceAll("\n", " ")}"`)
  const item = fc
    .tuple(
      fc.constantFrom("22", "80", "20:30", "http", "53"),
      fc.constantFrom("tcp", "udp"),
      fc.integer({ min: 0, max: 22 }),
      fc.integer({ min: 0, max: 400 }),
    )
    .map((fields) => fields.join(";"))
  const floodLine = fc.array(item, { maxLength: 5 }).map((items) => `PORTFLOOD = "${items.join(",")}"`)

  test("nothing throws, what is printed loads, and each line that is not carried says why", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(line, floodLine, value), { maxLength: 8 }),
        fc.boolean(),
        (lines, exact) => {
          const imported = loaded(importFiles({ "csf.conf": lines.join("\n") }, exact))
          for (const { relation, why, becomes, diagnostics } of imported.items) {
            if (relation === "lost")
              expect([why === undefined, diagnostics.length > 0]).toEqual([false, true])
            if (relation === "stricter" || relation === "looser") expect(why).toBeDefined()
            if (becomes !== null) expect(becomes).not.toBe("")
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  test("lists, too", () => {
    const name = fc.constantFrom("csf.allow", "csf.deny", "csf.ignore", "csf.tempban", "csf.blocklists")
    fc.assert(
      fc.property(name, fc.array(value, { maxLength: 6 }), (path, lines) => {
        loaded(importFiles({ [path]: lines.join("\n") }, false, { x: "" }))
      }),
      { numRuns: 200 },
    )
  })
})
