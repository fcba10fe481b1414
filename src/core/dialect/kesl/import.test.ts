import * as fc from "fast-check"
import { expect, test } from "vitest"
import { importText, itemLines, loaded, policyText } from "../dialect-fixture.js"
import { importKesl } from "./import.js"

const settings = `ActionOnDetect=Block
BlockAttackingHosts=Yes
BlockDurationMinutes=90
UseExcludeIPs=Yes
ExcludeIPs.item_0000=192.0.2.10
ExcludeIPs.item_0001=2001:db8::/64
`

/** The report and the policy of a text; the policy is loaded. */
function check(text: string, exact = false): string {
  const imported = importText(importKesl, text, { exact })
  loaded(imported)
  return `${itemLines(imported)}\n\n${policyText(imported)}`
}

test("the five settings become a ladder, a duration and a list", () => {
  expect(check(settings)).toMatchInlineSnapshot(`
    "old.conf:1 | ActionOnDetect=Block | works, looser, protects | action: block
    old.conf:2 | BlockAttackingHosts=Yes | works, same, protects | action: block
    old.conf:3 | BlockDurationMinutes=90 | works, looser, protects | detect.port-scan.block-for: 90m
    old.conf:4 | UseExcludeIPs=Yes | works, same | never-block
    old.conf:5 | ExcludeIPs.item_0000=192.0.2.10 | works, stricter | never-block: 192.0.2.10
    old.conf:6 | ExcludeIPs.item_0001=2001:db8::/64 | works, stricter | never-block: 2001:db8::/64

    version: 1

    interfaces: { wan: auto }

    action: block  # old.conf:1, 2

    never-block: [192.0.2.10, "2001:db8::/64"]  # old.conf:4, 5, 6

    protect:
      wan:
        preset: default

    detect: { port-scan: { limit: more than 19 in 60s, block-for: 90m } }  # old.conf:3
    "
  `)
})

test("with --exact decoy ports block as long as the setting says", () => {
  expect(loaded(importText(importKesl, settings, { exact: true })).zones[0]!.incoming).toContainEqual(
    expect.objectContaining({ name: "decoy-ports", blockFor: 90 * 60e9 }),
  )
})

test("Notify blocks nobody, and the block's settings mean nothing", () => {
  expect(check("ActionOnDetect = notify\nBlockAttackingHosts=yes\n")).toMatchInlineSnapshot(`
    "old.conf:1 | ActionOnDetect = notify | nothing, same | action: notify
    old.conf:2 | BlockAttackingHosts=yes | nothing, same | - | [import-without-effect]

    version: 1

    interfaces: { wan: auto }

    action: notify  # old.conf:1

    protect:
      wan:
        preset: default

    detect: { port-scan: { limit: more than 19 in 60s, block-for: 60m } }
    "
  `)
})

test("what KESL refuses is not guessed, and its exclusions count only where the switch is on", () => {
  expect(
    check(`ActionOnDetect=Drop
BlockAttackingHosts=No
BlockDurationMinutes=32769
BlockDurationMinute=5
UseExcludeIPs=No
ExcludeIPs.item_0000=192.0.2.10
ExcludeIPs.item_0001=2001:db8::/96
ExcludeIPs.item_0002=nobody
rubbish
`),
  ).toMatchInlineSnapshot(`
    "old.conf:1 | ActionOnDetect=Drop | refused, lost, protects | - | [import-bad-value]
    old.conf:2 | BlockAttackingHosts=No | works, same | action: drop
    old.conf:3 | BlockDurationMinutes=32769 | refused, lost, protects | - | [import-bad-value]
    old.conf:4 | BlockDurationMinute=5 | refused, lost, protects | - | [import-unknown-setting]
    old.conf:5 | UseExcludeIPs=No | works, same | -
    old.conf:6 | ExcludeIPs.item_0000=192.0.2.10 | nothing, same | - | [import-without-effect]
    old.conf:7 | ExcludeIPs.item_0001=2001:db8::/96 | refused, same | - | [import-bad-value]
    old.conf:8 | ExcludeIPs.item_0002=nobody | refused, same | - | [import-bad-value]
    old.conf:9 | rubbish | works, not-ours | - | [import-syntax]

    version: 1

    interfaces: { wan: auto }

    action: drop  # old.conf:2

    protect:
      wan:
        preset: default

    detect: { port-scan: { limit: more than 19 in 60s, block-for: 60m } }
    "
  `)
})

test("inside a whole export only the task's own section counts, and a task that does not run protects nothing", () => {
  expect(
    check(`[MonitoringTask.item_0006]
TaskName=Anti_Cryptor
TaskType=AntiCryptor
[MonitoringTask.item_0006.Settings]
BlockDurationMinutes=5
[MonitoringTask.item_0007]
TaskName=Network_Threat_Protection
TaskType=NTP
Active=No
[MonitoringTask.item_0007.Settings]
BlockAttackingHosts=No
BlockDurationMinutes=60
UseExcludeIPs=No
`),
  ).toMatchInlineSnapshot(`
    "old.conf:2 | TaskName=Anti_Cryptor | works, not-ours | -
    old.conf:3 | TaskType=AntiCryptor | works, not-ours | -
    old.conf:5 | BlockDurationMinutes=5 | works, not-ours | -
    old.conf:7 | TaskName=Network_Threat_Protection | works, not-ours | -
    old.conf:8 | TaskType=NTP | works, not-ours | -
    old.conf:9 | Active=No | nothing, stricter | - | [import-without-effect]
    old.conf:11 | BlockAttackingHosts=No | works, same | action: drop
    old.conf:12 | BlockDurationMinutes=60 | nothing, same | detect.port-scan.block-for: 60m
    old.conf:13 | UseExcludeIPs=No | works, same | -

    version: 1

    interfaces: { wan: auto }

    action: drop  # old.conf:11

    protect:
      wan:
        preset: default

    detect: { port-scan: { limit: more than 19 in 60s, block-for: 60m } }  # old.conf:12
    "
  `)
})

const layouts: readonly (readonly [name: string, text: string])[] = [
  [
    "commands of kesl-control, in a script",
    `#!/bin/sh
kesl-control -T --set-settings 17 ActionOnDetect=Block BlockAttackingHosts=Yes BlockDurationMinutes=90
kesl-control --set-settings Network_Threat_Protection UseExcludeIPs=Yes ExcludeIPs.item_0000="192.0.2.10" ExcludeIPs.item_0001=2001:db8::/64
kesl-control --set-settings 5 BlockDurationMinutes=3
kesl-control --start-task 17
`,
  ],
  [
    "a whole export as INI",
    `[MonitoringTask.item_0006]
TaskName=Anti_Cryptor
TaskType=AntiCryptor
[MonitoringTask.item_0006.Settings]
BlockDurationMinutes=5
[MonitoringTask.item_0007]
TaskName=Network_Threat_Protection
AdminKitTaskName=
TaskType=NTP
Active=Yes
[MonitoringTask.item_0007.Settings]
ActionOnDetect=Block
BlockAttackingHosts=Yes
BlockDurationMinutes=90
UseExcludeIPs=Yes
[MonitoringTask.item_0007.Settings.ExcludeIPs]
item_0000=192.0.2.10
item_0001=2001:db8::/64
[OnDemandTask.item_0000]
TaskName=Scan_My_Computer
`,
  ],
  [
    "a whole export as JSON, tasks in a list",
    JSON.stringify({
      MonitoringTask: [
        { TaskName: "Anti_Cryptor", TaskType: "AntiCryptor", Settings: { BlockDurationMinutes: 5 } },
        {
          ...{ TaskName: "Network_Threat_Protection", TaskType: "NTP", Active: true },
          Settings: {
            ...{ ActionOnDetect: "Block", BlockAttackingHosts: true, BlockDurationMinutes: "90" },
            ...{ UseExcludeIPs: "yes", ExcludeIPs: ["192.0.2.10", "2001:db8::/64"] },
          },
        },
      ],
    }),
  ],
  [
    "JSON with the items by their names, and names with points",
    JSON.stringify({
      "MonitoringTask.item_0007": { TaskName: "Network_Threat_Protection", TaskType: "NTP" },
      "MonitoringTask.item_0007.Settings": {
        ...{
          ActionOnDetect: "block",
          BlockAttackingHosts: "Yes",
          BlockDurationMinutes: 90,
          UseExcludeIPs: "Yes",
        },
        ExcludeIPs: { item_0000: "192.0.2.10", item_0001: "2001:db8::/64" },
      },
    }),
  ],
]

test.each(layouts)("%s: the same policy", (_name, text) => {
  const imported = importText(importKesl, text)
  expect(imported.policy).toEqual(importText(importKesl, settings).policy)
  expect([imported.diagnostics, imported.items.flatMap(({ diagnostics }) => diagnostics)]).toEqual([[], []])
})

test.each<[string, number | undefined]>([
  ["1", 1],
  ["32768", 32_768],
  [" 60 ", 60],
  ["0", undefined],
  ["32769", undefined],
  ["-5", undefined],
  ["60m", undefined],
  ["1.5", undefined],
  ["", undefined],
])("BlockDurationMinutes=%s", (value, minutes) => {
  const { items, policy } = importText(importKesl, `BlockDurationMinutes=${value}\n`)
  expect(items.map(({ owner, protects, relation }) => [owner, protects && relation === "lost"])).toEqual([
    minutes === undefined ? ["refused", true] : ["works", false],
  ])
  expect(policy["detect"]).toMatchObject({ "port-scan": { "block-for": `${minutes ?? 60}m` } })
})

test.each<[string, string | undefined]>([
  ["192.0.2.10", "192.0.2.10"],
  ["192.0.2.10/32", "192.0.2.10"],
  ["192.0.2.77/24", "192.0.2.0/24"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["2001:db8::1", "2001:db8::1"],
  ["2001:db8::0/64", "2001:db8::/64"],
  ["::/0", "::/0"],
  ["192.0.2.0/33", undefined],
  ["2001:db8::/65", undefined],
  ["192.0.2.1-192.0.2.9", undefined],
  ["192.0.2.1,192.0.2.2", undefined],
  ["host.example", undefined],
])("ExcludeIPs.item_0000=%s", (value, excluded) => {
  const { items, policy } = importText(importKesl, `UseExcludeIPs=Yes\nExcludeIPs.item_0000=${value}\n`)
  expect(items[1]?.owner).toBe(excluded === undefined ? "refused" : "works")
  expect(policy["never-block"]).toEqual(excluded === undefined ? undefined : [excluded])
})

test("JSON says the same as INI", () => {
  const json = `{
  "ActionOnDetect": "Block",
  "BlockAttackingHosts": true,
  "BlockDurationMinutes": 90,
  "UseExcludeIPs": "Yes",
  "ExcludeIPs": ["192.0.2.10", "2001:db8::/64"]
}`
  expect(importText(importKesl, json).policy).toEqual(importText(importKesl, settings).policy)
  expect(itemLines(importText(importKesl, json))).toMatchInlineSnapshot(`
    "old.conf:2 | "ActionOnDetect": "Block" | works, looser, protects | action: block
    old.conf:3 | "BlockAttackingHosts": true | works, same, protects | action: block
    old.conf:4 | "BlockDurationMinutes": 90 | works, looser, protects | detect.port-scan.block-for: 90m
    old.conf:5 | "UseExcludeIPs": "Yes" | works, same | never-block
    old.conf:6 | "ExcludeIPs.item_0000": "192.0.2.10" | works, stricter | never-block: 192.0.2.10
    old.conf:6 | "ExcludeIPs.item_0001": "2001:db8::/64" | works, stricter | never-block: 2001:db8::/64"
  `)
})

test("commands for kesl_bypass become bypass lines, as far as a packet phrase can say them", () => {
  const commands = `iptables -t mangle -N kesl_bypass
iptables -t mangle -I kesl_bypass -m tcp -p tcp --dport http -j ACCEPT
ip6tables -t mangle -I kesl_bypass 1 -p udp -m multiport --dports 53,123 -d 2001:db8::1 -j ACCEPT
iptables -t mangle -A kesl_bypass -s 192.0.2.0/24 -j ACCEPT
iptables -t mangle -A kesl_bypass -p tcp --sport 80 -j ACCEPT
iptables -t mangle -A kesl_bypass -o eth0 -j ACCEPT
iptables -t mangle -A kesl_bypass -s 192.0.2.7 -j RETURN
iptables -t mangle -A kesl_bypass --nonsense
`
  expect(check(commands)).toMatchInlineSnapshot(`
    "old.conf:1 | iptables -t mangle -N kesl_bypass | works, not-ours | -
    old.conf:2 | iptables -t mangle -I kesl_bypass -m tcp -p tcp --dport http -j ACCEPT | partly, stricter | bypass: out tcp port 80
    old.conf:3 | ip6tables -t mangle -I kesl_bypass 1 -p udp -m multiport --dports 53,123 -d 2001:db8::1 -j ACCEPT | partly, stricter | bypass: out udp port 53,123 to 2001:db8::1
    old.conf:4 | iptables -t mangle -A kesl_bypass -s 192.0.2.0/24 -j ACCEPT | partly, stricter | bypass: in from 192.0.2.0/24
    old.conf:5 | iptables -t mangle -A kesl_bypass -p tcp --sport 80 -j ACCEPT | works, stricter | - | [import-not-carried]
    old.conf:6 | iptables -t mangle -A kesl_bypass -o eth0 -j ACCEPT | works, stricter | - | [import-not-carried]
    old.conf:7 | iptables -t mangle -A kesl_bypass -s 192.0.2.7 -j RETURN | works, lost, protects | - | [import-not-carried]
    old.conf:8 | iptables -t mangle -A kesl_bypass --nonsense | refused, same | - | [import-bad-value]

    version: 1

    interfaces: { wan: auto }

    action: block

    protect:
      wan:
        preset: default

    detect: { port-scan: { limit: more than 19 in 60s, block-for: 60m } }

    # old.conf:2, 3, 4
    bypass: [out tcp port 80, "out udp port 53,123 to 2001:db8::1", in from 192.0.2.0/24]
    "
  `)
  expect(loaded(importText(importKesl, commands, { exact: true })).bypass).toHaveLength(6)
})

test("what is not KESL's is an error and no policy is claimed to be of it", () => {
  expect(itemLines(importText(importKesl, "TCP_IN = 22\n"))).toMatchInlineSnapshot(`
    "old.conf:1 | TCP_IN = 22 | works, not-ours | -
    old.conf:1:1: there are no settings of Network Threat Protection here, and no line for kesl_bypass [import-nothing-found]
      hint: kesl-control --get-settings 17 --file ntp.ini writes them"
  `)
  expect(itemLines(importText(importKesl, '{ "a": '))).toMatchInlineSnapshot(`
    "old.conf:1:8: the JSON text ends too early [import-syntax]
    old.conf:1:1: there are no settings of Network Threat Protection here, and no line for kesl_bypass [import-nothing-found]
      hint: kesl-control --get-settings 17 --file ntp.ini writes them"
  `)
})

test("whatever the text is, there is a policy that loads", () => {
  const names = [
    "ActionOnDetect",
    "BlockAttackingHosts",
    "BlockDurationMinutes",
    "UseExcludeIPs",
    "ExcludeIPs.item_0000",
    "[a.b]",
    "TaskType",
    "Active",
    "x",
  ]
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom("Yes", "No", "Block", "NTP", "60", "192.0.2.0/24", "::/0", "0.0.0.0/0"),
  )
  const line = fc.oneof(
    fc.tuple(fc.constantFrom(...names), value).map(([name, text]) => `${name}=${text}`),
    fc.string().map((text) => `iptables -t mangle -I kesl_bypass ${text}`),
    fc.string({ unit: "binary" }),
  )
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), fc.boolean(), (lines, exact) => {
      loaded(importText(importKesl, lines.join("\n"), { exact }))
    }),
    { numRuns: 100 },
  )
})
