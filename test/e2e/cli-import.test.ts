import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { captureOf } from "./support/captures.js"
import { floodwall, folderWith } from "./support/floodwall.js"

const kesl = `ActionOnDetect=Block
BlockAttackingHosts=Yes
BlockDurationMinutes=60
UseExcludeIPs=Yes
ExcludeIPs.item_0000=192.0.2.10
iptables -t mangle -I kesl_bypass -p tcp --dport http -j ACCEPT
`

const rules = `*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -i eth0 -m state --state INVALID -j DROP
-A INPUT -i eth0 -p tcp --dport 22 -m state --state NEW -m recent --set --name ssh
-A INPUT -i eth0 -p tcp --dport 22 -m state --state NEW -m recent --update --seconds 60 --hitcount 4 --name ssh -j DROP
-A INPUT -m recent --rcheck --name banned -j DROP
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
`

const story = `
in 192.0.2.10:40000 > 198.51.100.1:443 S mss 1460
in 192.0.2.10:40001 > 198.51.100.1:443 S
in 203.0.113.66:1 > 198.51.100.1:443 none
in 192.0.2.50 > 198.51.100.1 icmp echo-request id 7 seq 1
`.replaceAll("in ", "")

const folder = () =>
  folderWith({
    "ntp.ini": kesl,
    "rules.v4": rules,
    "kura.properties": "flooding.protection.enabled=true\n",
    // Without connection tracking CSF has rules for answers, which nobody knows without running it.
    "csf.conf": 'TCP_IN = "22"\nLF_SPI = "0"\n',
    "story.pcap": captureOf(story),
  })

test("with -o the policy goes to the file and the report to standard output", () => {
  const directory = folder()
  const { status, output, error } = floodwall(["import", "kesl", "ntp.ini", "-o", "new.yaml"], { directory })
  expect({ status, error }).toEqual({ status: 0, error: "" })
  expect(output).toMatchInlineSnapshot(`
    "Closed before: nothing: Network Threat Protection closes no port, and makes those of its database look open. Closed now: nothing; \`open\` under the zone would.
    6 items: 2 looser, 2 stricter, 2 same, everything that protects is carried over.

    Looser (2): the policy lets more past
      ntp.ini:1  ActionOnDetect=Block
        → KESL: The attacking activity is blocked and logged.
        → action: block  KESL looks into TCP streams for the attacks of its database, which Floodwall does not. Floodwall stops malformed packets, floods and who tries decoy ports, which KESL does not; port scans are the guard's to see (floodwall run).
      ntp.ini:3  BlockDurationMinutes=60
        → KESL: An attacking device is kept out for 60 minutes.
        → detect.port-scan.block-for: 60m  Who tries a decoy port twice is kept out for 10 minutes, because a SYN can be forged; --exact takes the setting's minutes there, too.

    Stricter (2): the policy stops more
      ntp.ini:6  iptables -t mangle -I kesl_bypass -p tcp --dport http -j ACCEPT
        → KESL works in part: KESL does not look at packets that this matches: one direction of a connection, for answers bear other ports and addresses.
        → bypass: out tcp port 80  Only out tcp port 80 is let past, which is what it is for; --exact lets both directions past, as the rule does.
      ntp.ini:5  ExcludeIPs.item_0000=192.0.2.10
        → KESL: What these devices do is logged, and they are never blocked.
        → never-block: 192.0.2.10  They are never kept out; malformed packets and floods of theirs are dropped like anybody's.

    Same (2)
      ntp.ini:2  BlockAttackingHosts=Yes
        → KESL: An attacking device is kept out.
        → action: block
      ntp.ini:4  UseExcludeIPs=Yes
        → KESL: The list of exclusions counts.
        → never-block

    Handing over
      1. floodwall apply: on trial for 60 seconds
      2. floodwall confirm, from a second session
      3. kesl-control --get-blocked-hosts: note who is kept out, for KESL forgets them when its task stops
      4. kesl-control --stop-task 17
      5. iptables -t mangle -F kesl_bypass; ip6tables -t mangle -F kesl_bypass: the chain stays until it is empty
      6. floodwall enable; floodwall status
    "
  `)
  const checked = floodwall(["check", "new.yaml"], { directory })
  expect(checked.status).toBe(0)
})

test("without -o the policy goes to standard output and the report to standard error", () => {
  const directory = folder()
  const { status, output, error } = floodwall(["import", "kesl", "ntp.ini"], { directory })
  expect(status).toBe(0)
  expect(output).toMatch(/^# Floodwall's policy, from ntp\.ini \(Kaspersky Endpoint Security for Linux\)\.\n/)
  expect(output).toContain("never-block: [192.0.2.10]")
  expect(error).toMatch(/^Closed before: /)
  writeFileSync(join(directory, "floodwall.yaml"), output)
  expect(floodwall(["export", "kesl"], { directory })).toMatchObject({
    status: 1,
    output: kesl.replace(/iptables.*\n/, ""),
  })
})

test("a protection that is lost is exit 1 and named", () => {
  const { status, output } = floodwall(["import", "iptables", "rules.v4", "-o", "new.yaml"], {
    directory: folder(),
  })
  expect(status).toBe(1)
  expect(output).toContain("1 protection not carried over")
  expect(output).toContain("rules.v4:8  -A INPUT -m recent --rcheck --name banned -j DROP")
})

test("a long report shows the most important of each group, and with --all every item", () => {
  const directory = folder()
  writeFileSync(join(directory, "csf.conf"), longConfiguration)
  const words = ["import", "csf", "csf.conf", "-o", "new.yaml"]
  const short = floodwall(words, { directory }).output
  expect(short).toContain("--all shows them: csf.conf:1-2, 4")
  expect(short).not.toContain("csf.conf:13  DROP")
  expect(floodwall([...words, "--all"], { directory }).output).toContain('csf.conf:13  DROP = "DROP"')
})

const longConfiguration = `TESTING = "0"
TCP_IN = "22,80,443"
TCP_OUT = "22,80,443"
UDP_IN = "53"
UDP_OUT = "53"
ETH_DEVICE = "eth0"
SYNFLOOD = "1"
SYNFLOOD_RATE = "75/s"
SYNFLOOD_BURST = "25"
CONNLIMIT = "22;5,80;20"
PORTFLOOD = "22;tcp;5;300,80;tcp;20;5"
PACKET_FILTER = "1"
DROP = "DROP"
`

test("--json prints an object for each item on standard output, and the policy only with -o", () => {
  const directory = folder()
  const { status, output, error } = floodwall(["import", "iptables", "rules.v4", "--json"], { directory })
  expect({ status, error }).toEqual({ status: 1, error: "" })
  const items = output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
  expect(items).toHaveLength(6)
  expect(items[3]).toMatchObject({
    ...{ file: "rules.v4", line: 7, owner: "works", relation: "stricter", protects: true, diagnostics: [] },
    owner_does: "Drops the 4th connection that a source opens within 60 s.",
    becomes:
      "protect.wan.port-floods.22/tcp: { limit: more than 3 in 60s, action: drop, block-for: 60s, lift: until-quiet }",
  })
  expect(existsSync(join(directory, "new.yaml"))).toBe(false)
})

test("--prove sends a capture through the tool's own rules and through the policy", () => {
  const directory = folder()
  const words = ["import", "kura", "kura.properties", "-o", "new.yaml", "--local", "198.51.100.1"]
  const { status, output } = floodwall([...words, "--prove", "story.pcap"], { directory })
  expect(status).toBe(0)
  expect(output).toMatch(
    /\nFrom {2}the rules of Kura\nTo {4}new\.yaml\n[\s\S]*\nThe same {2}4 {2}100 %\nCut off/,
  )
  const loose = floodwall(["import", "iptables", "rules.v4", "-o", "new.yaml", "--prove", "story.pcap"], {
    directory,
  })
  expect(loose.status).toBe(1)
  expect(loose.output).toMatch(/\nLet in {4}1 {2}/)
  const chain = floodwall(["import", "kesl", "ntp.ini", "-o", "new.yaml", "--prove", "story.pcap"], {
    directory,
  })
  expect(chain.status).toBe(0)
  expect(chain.output).toMatch(/\nFrom {2}the rules of KESL\nTo {4}new\.yaml\n/)
  const unknown = floodwall(["import", "csf", "csf.conf", "-o", "new.yaml", "--prove", "story.pcap"], {
    directory,
  })
  expect(unknown.status).toBe(2)
  expect(unknown.error).toContain("what CSF loads for this configuration only CSF knows")
})

const mistakes: readonly (readonly [words: string[], sentence: string])[] = [
  [
    ["kesll", "ntp.ini"],
    '"kesll" is not a dialect that can be read [bad-command-line]\n  hint: did you mean "kesl"?',
  ],
  [["kesl", "nothing.ini"], "nothing.ini cannot be read: no such file"],
  [["kesl", "rules.v4"], "rules.v4:1:1: there are no settings of Network Threat Protection here"],
  [
    ["kura", "ntp.ini"],
    "neither flooding.protection.enabled nor flooding.protection.enabled.ipv6 stands here",
  ],
  [["kesl", "ntp.ini", "-o", "ntp.ini"], "ntp.ini is read, so it cannot be written"],
  [["kesl", "ntp.ini", "-o", "no/such/folder"], "no/such/folder cannot be written: "],
  [["kesl"], "import needs FILE"],
]

for (const [words, sentence] of mistakes)
  test(`import ${words.join(" ")}: exit 2`, () => {
    const { status, output, error } = floodwall(["import", ...words], { directory: folder() })
    expect({ status, output }).toEqual({ status: 2, output: "" })
    expect(error).toContain(sentence)
  })

test("what is imported is what was written", () => {
  const directory = folder()
  floodwall(["import", "kura", "kura.properties", "-o", "new.yaml"], { directory })
  expect(readFileSync(join(directory, "new.yaml"), "utf8")).toContain("    kura-flooding-protection: {")
})
