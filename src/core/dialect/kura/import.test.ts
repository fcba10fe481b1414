import * as fc from "fast-check"
import { expect, test } from "vitest"
import { importText, itemLines, loaded, policyText } from "../dialect-fixture.js"
import { importIptables } from "../iptables/import.js"
import { importKura } from "./import.js"
import { kuraRulesText } from "./rules.js"

const pid = "org.eclipse.kura.internal.floodingprotection.FloodingProtectionConfigurator"

function snapshot(properties: Readonly<Record<string, string>>, more = ""): string {
  const lines = Object.entries(properties).map(
    ([name, value]) =>
      `      <esf:property array="false" encrypted="false" name="${name}" type="Boolean">\n        <esf:value>${value}</esf:value>\n      </esf:property>`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>
<esf:configurations xmlns:esf="http://eurotech.com/esf/2.0">
${more}  <esf:configuration pid="${pid}">
    <esf:properties>
${lines.join("\n")}
    </esf:properties>
  </esf:configuration>
</esf:configurations>
`
}

const network = `  <esf:configuration pid="org.eclipse.kura.net.admin.NetworkConfigurationService"><esf:properties>
    <esf:property name="net.interface.eth0.config.ip4.status" type="String"><esf:value>netIPv4StatusEnabledWAN</esf:value></esf:property>
    <esf:property name="net.interface.eth1.config.ip4.status" type="String"><esf:value>netIPv4StatusEnabledLAN</esf:value></esf:property>
    <esf:property name="net.interface.1-3.config.ip4.status" type="String"><esf:value>netIPv4StatusEnabledWAN</esf:value></esf:property>
  </esf:properties></esf:configuration>
`

const both = { "flooding.protection.enabled": "true", "flooding.protection.enabled.ipv6": "true" }

test("a snapshot of both parameters: each rule of Kura's, the dead and the harmful ones named", () => {
  const imported = importText(importKura, snapshot(both))
  expect(`${itemLines(imported)}\n\n${policyText(imported)}`).toMatchInlineSnapshot(`
    "old.conf:5 | flooding.protection.enabled=true | partly, looser, protects | protect.wan.kura-flooding-protection: drop
    old.conf:5 | iptables -t mangle -A prerouting-kura -m conntrack --ctstate INVALID -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop
    old.conf:5 | iptables -t mangle -A prerouting-kura -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop | [import-harms]
    old.conf:5 | iptables -t mangle -A prerouting-kura -p tcp -m conntrack --ctstate NEW -m tcpmss ! --mss 536:65535 -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop | [import-harms]
    old.conf:5 | iptables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,SYN FIN,SYN -j DROP | nothing, same | - | [import-without-effect]
    old.conf:5 | iptables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags SYN,RST SYN,RST -j DROP | nothing, same | - | [import-without-effect]
    old.conf:5 | iptables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,RST FIN,RST -j DROP | nothing, same | - | [import-without-effect]
    old.conf:5 | iptables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,ACK FIN -j DROP | nothing, same | - | [import-without-effect]
    old.conf:5 | iptables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags ACK,URG URG -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop
    old.conf:5 | iptables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,ACK FIN -j DROP | nothing, same | - | [import-without-effect]
    old.conf:5 | iptables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags PSH,ACK PSH -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop | [import-harms]
    old.conf:5 | iptables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG FIN,SYN,RST,PSH,ACK,URG -j DROP | nothing, same | - | [import-without-effect]
    old.conf:5 | iptables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -j DROP | nothing, same | - | [import-without-effect]
    old.conf:5 | iptables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG FIN,PSH,URG -j DROP | nothing, same | - | [import-without-effect]
    old.conf:5 | iptables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG FIN,SYN,PSH,URG -j DROP | nothing, same | - | [import-without-effect]
    old.conf:5 | iptables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG FIN,SYN,RST,ACK,URG -j DROP | nothing, same | - | [import-without-effect]
    old.conf:5 | iptables -t mangle -A prerouting-kura -p icmp -m icmp --icmp-type 8 -m state --state NEW,RELATED,ESTABLISHED -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop | [import-harms]
    old.conf:5 | iptables -t mangle -A prerouting-kura -f -j DROP | partly, same, protects | protect.wan.fragments: drop | [import-harms]
    old.conf:8 | flooding.protection.enabled.ipv6=true | partly, looser, protects | protect.wan.kura-flooding-protection: drop
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -m conntrack --ctstate INVALID -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop | [import-harms]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -p tcp -m conntrack --ctstate NEW -m tcpmss ! --mss 536:65535 -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop | [import-harms]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,SYN FIN,SYN -j DROP | nothing, same | - | [import-without-effect]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags SYN,RST SYN,RST -j DROP | nothing, same | - | [import-without-effect]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,RST FIN,RST -j DROP | nothing, same | - | [import-without-effect]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,ACK FIN -j DROP | nothing, same | - | [import-without-effect]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags ACK,URG URG -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,ACK FIN -j DROP | nothing, same | - | [import-without-effect]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags PSH,ACK PSH -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop | [import-harms]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG FIN,SYN,RST,PSH,ACK,URG -j DROP | nothing, same | - | [import-without-effect]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -j DROP | nothing, same | - | [import-without-effect]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG FIN,PSH,URG -j DROP | nothing, same | - | [import-without-effect]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG FIN,SYN,PSH,URG -j DROP | nothing, same | - | [import-without-effect]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG FIN,SYN,RST,ACK,URG -j DROP | nothing, same | - | [import-without-effect]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop | [import-harms]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -m ipv6header --header ipv6-opts --soft -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -m ipv6header --header hop-by-hop --soft -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop | [import-harms]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -m ipv6header --header ipv6-route --soft -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -m ipv6header --header ipv6-frag --soft -j DROP | partly, same, protects | protect.wan.fragments: drop | [import-harms]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -m ipv6header --header ah --soft -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop | [import-harms]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -m ipv6header --header esp --soft -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop | [import-harms]
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -m ipv6header --header ipv6-nonxt --soft -j DROP | works, same, protects | protect.wan.kura-flooding-protection: drop
    old.conf:8 | ip6tables -t mangle -A prerouting-kura -m rt --rt-type 0 -j DROP | nothing, same | - | [import-without-effect]

    version: 1

    interfaces: { wan: auto }

    protect:
      wan:
        fragments: drop  # old.conf:5, 8
        kura-flooding-protection: { action: drop, icmp: echo-requests }  # old.conf:5, 8
    "
  `)
})

const forms: readonly (readonly [name: string, text: string])[] = [
  [
    "a snapshot from before the parameter for IPv6, with the network's devices",
    snapshot({ "flooding.protection.enabled": "true" }, network),
  ],
  ["properties", "# Kura\nflooding.protection.enabled = TRUE\nflooding.protection.enabled.ipv6: false\n"],
  ["OSGi's .config", 'flooding.protection.enabled=B"true"\n'],
  [
    "an answer of the REST service",
    `{"configs":[{"pid":"${pid}","properties":{"flooding.protection.enabled.ipv6":{"type":"BOOLEAN","value":true}}}]}`,
  ],
  ["switched off", "flooding.protection.enabled=no\nfragmented.packet.filtering.enabled=true\n"],
  ["the rules, old form", kuraRulesText(4, "all")],
  ["the rules of IPv6, new form", kuraRulesText(6, "echo-requests")],
]

for (const [name, text] of forms)
  test(`${name}: a policy that loads`, () => {
    const imported = importText(importKura, text)
    loaded(imported)
    expect(policyText(imported)).toMatchSnapshot()
    expect(imported.diagnostics).toEqual([])
  })

/** The 17 rules as a manual's page has them, and those of IPv6 with its names of headers. */
const page4 = kuraRulesText(4, "all")
  .split("\n")
  .filter((line) => line.startsWith("-A prerouting-kura") && line.endsWith("DROP"))
const page6 = kuraRulesText(6, "all")
  .split("\n")
  .filter((line) => /^-A \S+-kura .*DROP$/.test(line))

const four = { "kura-flooding-protection": { action: "drop", for: { "::/0": "off" } } }
const six = { "kura-flooding-protection": { action: "drop", for: { "0.0.0.0/0": "off" } } }

const lists: readonly (readonly [name: string, lines: readonly string[], wan: unknown, count: number])[] = [
  ["commands without a table", page4.map((rule) => `iptables ${rule}`), four, 17],
  ["commands with a table", page4.map((rule) => `sudo iptables -t mangle ${rule}`), four, 17],
  ["the page of 5.6: rules alone", page4, four, 17],
  ["rules of IPv6 alone", page6, six, 26],
  [
    "iptables -S",
    ["-P PREROUTING ACCEPT", "-N prerouting-kura", "-A PREROUTING -j prerouting-kura", ...page4],
    four,
    17,
  ],
  [
    "both IP versions in one list",
    [...page4.map((rule) => `iptables ${rule}`), ...page6.map((rule) => `ip6tables ${rule}`)],
    { "kura-flooding-protection": "drop" },
    43,
  ],
  [
    "a whole page, a heading between the lists",
    [
      "# Flooding protection for IPv4",
      "```",
      ...page4,
      "```",
      "### Flooding protection for IPv6",
      "```",
      ...page6,
      "```",
    ],
    { "kura-flooding-protection": "drop" },
    43,
  ],
  [
    "the page of 5.0, with two rules in one line",
    [...page4.slice(0, 15).map((rule) => `iptables ${rule}`), `iptables ${page4[15]}", "${page4[16]}`],
    four,
    17,
  ],
]

for (const [name, lines, wan, count] of lists)
  test(`${name}: the same rules`, () => {
    const imported = importText(importKura, lines.join("\n"))
    expect(imported.policy["protect"]).toEqual({ wan })
    expect(imported.diagnostics).toEqual([])
    expect(imported.items).toHaveLength(count)
    for (const { span, text } of imported.items) expect(lines[span.line - 1]).toContain(text)
  })

test("a list that somebody has changed keeps its lines, of both IP versions", () => {
  const list = [...page4.filter((rule) => !rule.includes("tcpmss")), "### IPv6", ...page6.slice(0, 3)]
  const imported = importText(importKura, list.join("\n"))
  expect(imported.items.length).toBeGreaterThan(17)
  for (const { span } of imported.items) expect(span.file).toBe("old.conf")
})

test("a snapshot's secrets are in no report", () => {
  const secret = `  <esf:configuration pid="x"><esf:properties>
    <esf:property array="false" encrypted="true" name="password" type="Password"><esf:value>hunter2</esf:value></esf:property>
    <esf:property array="true" encrypted="false" name="ports" type="Integer"><esf:value>1</esf:value><esf:value>2</esf:value></esf:property>
    <esf:property array="false" encrypted="false" name="empty" type="String"/>
  </esf:properties></esf:configuration>
`
  const imported = importText(importKura, snapshot(both, secret))
  expect(JSON.stringify(imported)).not.toContain("hunter2")
  expect(imported.items.slice(0, 3).map(({ text }) => text)).toEqual(["password=…", "ports=1", "ports=2"])
})

test("the component's earlier package is known, too", () => {
  const text = snapshot(both).replaceAll(
    pid,
    "org.eclipse.kura.floodingprotection.configuration.FloodingProtectionConfigurator",
  )
  expect(importText(importKura, text).policy).toEqual(importText(importKura, snapshot(both)).policy)
})

test("rules that somebody has changed are taken one by one", () => {
  const changed = kuraRulesText(4, "all").replace(/.*tcpmss.*\n/, "")
  expect(importText(importKura, changed).policy).toEqual(importText(importIptables, changed).policy)
})

test("a file without the parameters is an error", () => {
  expect(itemLines(importText(importKura, "a=b\n"))).toMatchInlineSnapshot(`
    "old.conf:1 | a=b | works, not-ours | -
    old.conf:1:1: neither flooding.protection.enabled nor flooding.protection.enabled.ipv6 stands here [import-nothing-found]
      hint: they are in a snapshot (snapshot_….xml), or name them in a file: flooding.protection.enabled=true; Kura 5.6.1 and newer take both for true where no snapshot names them"
  `)
})

test("whatever the text is, there is a policy that loads", () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ...'<esf:value>|</esf:value>|<esf:property name="flooding.protection.enabled">|</esf:property>|<!--|-->|true|\n|flooding.protection.enabled=true|&#x41;|&#9999999;|<![CDATA[|]]>|{|}|"|:'.split(
        "|",
      ),
    ),
    fc.string({ maxLength: 6 }),
    fc.constantFrom(
      ...kuraRulesText(4, "all")
        .split("\n")
        .map((line) => `${line}\n`),
    ),
  )
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 20 }),
      fc.constantFrom("", "<", "{", "*mangle\n"),
      (pieces, start) => {
        loaded(importText(importKura, start + pieces.join("")))
      },
    ),
    { numRuns: 150 },
  )
})
