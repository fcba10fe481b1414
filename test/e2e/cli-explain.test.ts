import { expect, test } from "vitest"
import { policy } from "./support/captures.js"
import { floodwall, folderWith } from "./support/floodwall.js"

function explain(words: readonly string[], input?: string) {
  const directory = folderWith({ "floodwall.yaml": policy })
  const { status, output, error } = floodwall(["explain", ...words], {
    directory,
    ...(input ? { input } : {}),
  })
  return { status, output, error: error.replace("Policy: floodwall.yaml\n", "") }
}

test("the packet's way, policy line by policy line, match by match, and the verdict", () => {
  const { status, output, error } = explain(["203.0.113.9:4000 > 192.0.2.1:80 none"])
  expect({ status, error }).toEqual({ status: 0, error: "" })
  expect(output).toMatch(
    /^Packet {3}203\.0\.113\.9:4000 > 192\.0\.2\.1:80 none\n {9}arrives, for this host\n/,
  )
  expect(output).toMatch(
    /\ntrace id 1 inet floodwall wan\/(ingress|arrival) \((ingress|prerouting), priority -\d+\)\n/,
  )
  expect(output).toMatch(
    /\n {2}packet: iif "eth0" ether saddr .* tcp sport 4000 tcp dport 80 tcp flags == 0x0 /,
  )
  expect(output).toMatch(/\n {2}✗ rule \d+ tcp flags .*: 0x0\n/)
  expect(output).toMatch(/\n {2}floodwall\.yaml:5 malformed-null \(preset: default\)\n/)
  expect(output).toMatch(
    /\nVerdict {2}drop\n {9}floodwall\.yaml:5 malformed-null \(preset: default\)\n {9}rule \d+ of chain wan\/malformed-null in table floodwall\n$/,
  )
})

test("--json has the same as data", () => {
  const { status, output } = explain(["--json", "203.0.113.9:4000 > 192.0.2.1:80 none"])
  expect(status).toBe(0)
  const answer = JSON.parse(output)
  expect(answer).toMatchObject({
    packet: "203.0.113.9:4000 > 192.0.2.1:80 none",
    path: "input",
    verdict: "drop",
    ctstate: null,
    rule: { table: "floodwall", chain: "wan/malformed-null", origin: { file: "floodwall.yaml", line: 5 } },
  })
  expect(answer.trace.at(-1)).toMatchObject({ chain: "wan/malformed-null" })
  expect(answer.trace.at(-1).rules.at(-1).steps.at(-1)).toEqual({ text: "drop", result: "drop" })
})

test.each([
  [
    "in tcp port ssh from 198.51.100.7",
    /^Packet {3}in eth0 198\.51\.100\.7:40000 > [0-9.]+:22 S mss 1460\n {9}arrives/,
  ],
  ["in on wan udp port 4500", /^Packet {3}in eth0 203\.0\.113\.7:40000 > [0-9.]+:4500 udp len 40\n/],
  ["in icmp from 2001:db8::9", /^Packet {3}in eth0 2001:db8::9 > [0-9a-f:]+ icmp echo-request id 1 seq 1\n/],
  [
    "out tcp port 443 to 192.0.2.80",
    /^Packet {3}out eth0 [0-9.]+:40000 > 192\.0\.2\.80:443 S mss 1460\n {9}leaves/,
  ],
])("the phrase %j is its first packet, without quotes", (phrase, packet) => {
  const { status, output } = explain(phrase.split(" "))
  expect(status).toBe(0)
  expect(output).toMatch(packet)
  expect(output).toMatch(/\nconntrack: new\n/)
  expect(output).toMatch(/\nVerdict {2}accept, ct state new\n/)
})

test("earlier packets are judged first, and the last is explained", () => {
  const { output } = explain(["203.0.113.9:1024++ > 192.0.2.1:80 S repeat 8"])
  expect(output).toMatch(/^Before it\n5 {2}accept .*\n2 {2}drop {4}floodwall\.yaml:6 .*\n\nPacket /)
  expect(output).toMatch(/\nVerdict {2}drop\n {9}floodwall\.yaml:6 syn-floods: 10\/second burst 5\n/)
})

test("several packets stand behind semicolons, or on standard input", () => {
  const packets = [
    "in eth0 192.0.2.9:1 > 192.0.2.1:80 S seq 0",
    "out eth0 192.0.2.1:80 > 192.0.2.9:1 S. seq 0 ack 1",
    "+0.1 in eth0 192.0.2.9:1 > 192.0.2.1:80 . seq 1 ack 1",
  ].join("; ")
  const inline = explain([packets])
  expect(inline.output).toMatch(/\nVerdict {2}accept, ct state established\n/)
  expect(explain(["-"], packets.replaceAll("; ", "\n")).output).toBe(inline.output)
})

test.each([
  ["in eth9 10.0.0.9:1 > 10.0.0.1:2 S", "no zone names eth9, so it is not protected (wan: eth0)"],
  ["out eth9 10.0.0.1:1 > 10.0.0.9:2 S", "no zone names eth9, so it is not protected (wan: eth0)"],
  ["in eth0 10.0.0.9:1 > 10.0.0.1:2 S", undefined],
  ["10.0.0.9:1 > 10.0.0.1:2 S", undefined],
])("%j: a device that no zone names is told", (packet, sentence) => {
  const { status, output } = explain([packet])
  expect(status).toBe(0)
  if (sentence === undefined) expect(output).not.toContain("no zone names")
  else expect(output).toContain(`\n         ${sentence}\n`)
})

test("a zone's name stands for its device", () => {
  const [byZone, byDevice] = ["wan", "eth0"].map(
    (name) => JSON.parse(explain(["--json", `in ${name} 10.0.0.9:1 > 10.0.0.1:2 none`]).output) as object,
  )
  expect(byZone).toMatchObject({ verdict: "drop" })
  expect({ ...byZone, packet: "" }).toEqual({ ...byDevice, packet: "" })
})

test.each([
  [
    ["in tpc port 22"],
    /"tpc" is not a word of a packet phrase \[not-a-phrase\]\n {2}hint: did you mean "tcp"\?/,
  ],
  [["in on wam tcp port 22"], /"wam" is not a zone .*did you mean "wan"\?/s],
  [["10.0.0.9:1 > 10.0.0.1:2 Q"], /^packet:1:\d+: .* \[script-/],
  [
    ["in tcp 10.0.0.9:40000 > 10.0.0.1:22 S"],
    /^packet:1:4: "tcp" is no device .*hint: a packet names a device behind in, or begins with its addresses: in eth0 10/s,
  ],
  [["in on wan 10.0.0.9:40000 > 10.0.0.1:22 S"], /^packet:1:4: "on" is no device/],
  [["out 10.0.0.9 > 10.0.0.1 udp"], /^packet:1:5: "10.0.0.9" is no device/],
  [["# nothing"], /there is no packet in the words/],
  [[], /explain needs PACKET/],
])("%j is exit 2", (words, sentence) => {
  const { status, output, error } = explain(words as readonly string[])
  expect({ status, output }).toEqual({ status: 2, output: "" })
  expect(error).toMatch(sentence)
})
