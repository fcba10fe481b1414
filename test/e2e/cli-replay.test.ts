import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import { expect, test } from "vitest"
import { pcapngInterface, pcapngPacket, pcapngSection } from "../../src/core/packet/pcapng-writer.js"
import { parseScript } from "../../src/core/packet/script.js"
import { captureOf, policy, story } from "./support/captures.js"
import { floodwall, folderWith } from "./support/floodwall.js"

const capture = captureOf(story)

function folder(more: Readonly<Record<string, string | Uint8Array>> = {}): string {
  return folderWith({ "policy.yaml": policy, "story.pcap": capture, ...more })
}

const words = ["replay", "--policy", "policy.yaml"]

function linesOf(output: string) {
  return output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
}

test("five lines, who would be blocked, and which policy lines dropped", () => {
  const { status, output, error } = floodwall([...words, "story.pcap"], { directory: folder() })
  expect({ status, error }).toEqual({ status: 0, error: "" })
  expect(output).toMatchInlineSnapshot(`
    "Packets     8        story.pcap, 3 s from 2026-01-02 03:04:05 UTC
    Accepted    4  50 %  new 4
    Dropped     3  38 %  blocked 1, malformed-null 1, port-floods 1
    Left aside  1  13 %  arp 1
    Blocked     1        source would be kept out

      Would be blocked  from (UTC)           until                for
      203.0.113.66      2026-01-02 03:04:06  2026-01-02 03:14:06  port-floods

      Dropped by      packets  policy line
      blocked               1  policy.yaml:2  new connections of sources that may be forged
      malformed-null        1  policy.yaml:5  preset: default
      port-floods           1  policy.yaml:7  ssh: { limit: more than 2 in 60s, block-for: 10m }

    100 % of packets are from or to 198.51.100.1: add --local 198.51.100.1
    "
  `)
})

test("--json is one line a packet, then one summary", () => {
  const { status, output, error } = floodwall([...words, "--json", "story.pcap"], { directory: folder() })
  expect({ status, error }).toEqual({ status: 0, error: "" })
  const lines = linesOf(output)
  expect(output.split("\n", 1)[0]).toBe(
    '{"n":1,"time":"2026-01-02T03:04:05.000000Z","verdict":"accept","rule":null,"ctstate":"new"}',
  )
  expect(
    lines.slice(0, -1).map(({ n, verdict, ctstate, why }) => [n, verdict, ctstate, why]),
  ).toMatchInlineSnapshot(`
    [
      [
        1,
        "accept",
        "new",
        undefined,
      ],
      [
        2,
        "drop",
        null,
        undefined,
      ],
      [
        3,
        "accept",
        "new",
        undefined,
      ],
      [
        4,
        "accept",
        "new",
        undefined,
      ],
      [
        5,
        "drop",
        "new",
        undefined,
      ],
      [
        6,
        "drop",
        null,
        undefined,
      ],
      [
        7,
        "none",
        null,
        "arp",
      ],
      [
        8,
        "accept",
        "new",
        undefined,
      ],
    ]
  `)
  expect(lines[1]).toEqual({
    n: 2,
    time: "2026-01-02T03:04:05.000000Z",
    verdict: "drop",
    rule: {
      table: "floodwall",
      chain: "wan/malformed-null",
      index: 1,
      origin: {
        file: "policy.yaml",
        line: 5,
        protection: "malformed-null",
        zone: "wan",
        text: "preset: default",
      },
    },
    ctstate: null,
  })
  expect(lines.at(-1)).toMatchObject({
    summary: {
      packets: 8,
      verdicts: { accept: 4, drop: 3, reject: 0, absorbed: 0, none: 1 },
      blocked: [{ source: "203.0.113.66", protection: "port-floods" }],
      captures: [{ path: "story.pcap", packets: 8, format: "pcap" }],
    },
  })
})

test("several captures are one after the other, and n counts on", () => {
  const directory = folder()
  const lines = linesOf(floodwall([...words, "--json", "story.pcap", "story.pcap"], { directory }).output)
  expect(lines.slice(0, -1).map(({ n }) => n)).toEqual(Array.from({ length: 16 }, (_, index) => index + 1))
  // The attacker was blocked in the first capture, and time has not run on.
  expect(lines[10]).toMatchObject({
    n: 11,
    verdict: "drop",
    rule: { origin: { text: "new connections of sources that may be forged" } },
  })
})

test.each([
  ["a gzipped file", "story.pcap.gz", gzipSync(capture), undefined],
  ["standard input", "-", new Uint8Array(), capture],
  ["gzipped standard input", "-", new Uint8Array(), gzipSync(capture)],
])("%s gives the same lines", (_what, path, file, input) => {
  const directory = folder(path === "-" ? {} : { [path]: file })
  const plain = linesOf(floodwall([...words, "--json", "story.pcap"], { directory }).output)
  const ran = floodwall([...words, "--json", path], { directory, ...(input ? { input } : {}) })
  expect(ran).toMatchObject({ status: 0, error: "" })
  expect(linesOf(ran.output).slice(0, -1)).toEqual(plain.slice(0, -1))
})

test("--accepted and --dropped sort packets into captures with the same bytes and times", () => {
  const directory = folder()
  const ran = floodwall([...words, "--accepted", "ok.pcap", "--dropped", "lost.pcap", "story.pcap"], {
    directory,
  })
  expect(ran).toMatchObject({ status: 0, error: "" })
  const accepted = recordsOf(readFileSync(join(directory, "ok.pcap")))
  const dropped = recordsOf(readFileSync(join(directory, "lost.pcap")))
  const all = recordsOf(capture)
  const pick = (numbers: readonly number[]) => numbers.map((number) => all[number - 1])
  expect(accepted).toEqual(pick([1, 3, 4, 8]))
  expect(dropped).toEqual(pick([2, 5, 6]))
})

test("a capture without dropped packets still has the link type of what was read", () => {
  const raw = captureOf("raw 192.0.2.10 > 198.51.100.1 icmp echo-request id 7 seq 1")
  const directory = folder({ "raw.pcap": raw })
  expect(floodwall([...words, "--dropped", "lost.pcap", "raw.pcap"], { directory }).status).toBe(0)
  expect(readFileSync(join(directory, "lost.pcap")).readUInt32LE(20)).toBe(Buffer.from(raw).readUInt32LE(20))
  expect(Buffer.from(raw).readUInt32LE(20)).toBe(101)
})

test("- writes the sorted capture to standard output, and the words go to standard error", () => {
  const directory = folder()
  const out = join(directory, "out.pcap")
  execFileSync(
    "sh",
    [
      "-c",
      `"$0" "$1" replay --policy policy.yaml --dropped - story.pcap > out.pcap 2> words`,
      process.execPath,
      join(import.meta.dirname, "../../bin/floodwall"),
    ],
    { cwd: directory },
  )
  expect(recordsOf(readFileSync(out))).toHaveLength(3)
  expect(readFileSync(join(directory, "words"), "utf8")).toMatch(/^Packets +8 /)
})

test("--trace shows how a packet was judged, by its number", () => {
  const directory = folder()
  const { status, output, error } = floodwall([...words, "--trace", "2", "--trace", "99", "story.pcap"], {
    directory,
  })
  expect({ status, error }).toEqual({ status: 0, error: "There is no packet 99 to trace.\n" })
  expect(output).toMatch(
    /^Packet 2 {2}203\.0\.113\.66:1 > 198\.51\.100\.1:443 none .*\n\ntrace id 2 inet floodwall wan\/ingress /,
  )
  expect(output).toMatch(/\nVerdict {2}drop\n {9}policy\.yaml:5 malformed-null \(preset: default\)\n/)
  const json = linesOf(floodwall([...words, "--json", "--trace", "2", "story.pcap"], { directory }).output)
  expect(json.flatMap(({ n, trace }) => (trace === undefined ? [] : [[n, trace[0].chain]]))).toEqual([
    [2, "wan/ingress"],
  ])
  expect(floodwall([...words, "--trace", "two", "story.pcap"], { directory }).status).toBe(2)
})

test("--local makes packets go out and through; --interface says where", () => {
  const gateway = captureOf(`
    10.1.0.5:40000 > 203.0.113.80:80 S mss 1460
    +0.1 203.0.113.66:4001 > 10.1.0.5:445 none
    +0.1 10.1.0.5:4001 > 203.0.113.80:445 none
    +0.1 198.51.100.1:4001 > 203.0.113.80:445 none
  `)
  const directory = folder({ "gateway.pcap": gateway })
  const verdicts = (...more: string[]) =>
    linesOf(floodwall([...words, "--json", ...more, "gateway.pcap"], { directory }).output)
      .slice(0, -1)
      .map(({ verdict }) => verdict)
  expect(verdicts()).toEqual(["accept", "drop", "drop", "drop"])
  const sides = ["--interface", "wan=default", "--interface", "eth1=10.1.0.0/16"]
  expect(verdicts("--local", "198.51.100.1", ...sides)).toEqual(["accept", "drop", "accept", "accept"])
})

test("--sysctl is the kernel's: without loose tracking a packet within an unknown connection is invalid", () => {
  const directory = folder({ "ack.pcap": captureOf("192.0.2.10:40000 > 198.51.100.1:443 . seq 1 ack 1") })
  const state = (...more: string[]) =>
    linesOf(floodwall([...words, "--json", ...more, "ack.pcap"], { directory }).output)[0]
  expect(state()).toMatchObject({ ctstate: "new", rule: { origin: { protection: "new-tcp-without-syn" } } })
  expect(state("--sysctl", "net.netfilter.nf_conntrack_tcp_loose=0")).toMatchObject({
    ctstate: "invalid",
    rule: { origin: { protection: "invalid" } },
  })
})

test("a capture that ends too early is judged to its end, and that is told", () => {
  const directory = folder({ "cut.pcap": capture.subarray(0, capture.length - 7) })
  const { status, output, error } = floodwall([...words, "--json", "cut.pcap"], { directory })
  expect(status).toBe(0)
  expect(linesOf(output)).toHaveLength(8)
  expect(error).toMatch(/^warning: cut\.pcap: the capture ends inside .* \[capture-truncated\]\n$/)
})

test("a capture without packets is a capture", () => {
  const directory = folder({ "none.pcap": capture.subarray(0, 24) })
  const { status, output, error } = floodwall([...words, "none.pcap"], { directory })
  expect({ status, error }).toEqual({ status: 0, error: "" })
  expect(output).toMatch(/^Packets +0 +none\.pcap\n/)
})

test.each([
  ["no capture", "text.pcap", /neither pcap nor pcapng: .* \[capture-unknown-format\]/],
  ["an empty file", "empty.pcap", /empty\.pcap: the file is empty \[capture-unknown-format\]/],
  ["a missing file", "nope.pcap", /^nope\.pcap cannot be read: no such file \[unreadable-file\]/],
  ["a directory", ".", /\[unreadable-file\]/],
])("%s is exit 2", (_what, path, sentence) => {
  const directory = folder({ "text.pcap": "hello, world\n", "empty.pcap": "" })
  const { status, output, error } = floodwall([...words, path], { directory })
  expect({ status, output }).toEqual({ status: 2, output: "" })
  expect(error).toMatch(sentence)
  expect(error.trimEnd().split("\n")).toHaveLength(1)
})

test.each([
  [["--local", "10.0.0.0/8"], "the firewall's own addresses are hosts, without a length"],
  [["--local", "10.0.0"], '"10.0.0" is not an IPv4 or IPv6 address'],
  [["--interface", "eth0"], '"eth0" is not NAME=CIDR[,CIDR…] or NAME=default'],
  [["--interface", "eth0=10.0.0.1/8"], "has bits set behind its length"],
  [["--sysctl", "nf_conntrack_tcp_lose=0"], 'did you mean "nf_conntrack_tcp_loose"?'],
  [["--sysctl", "nf_conntrack_tcp_loose=no"], "is not NAME=NUMBER"],
  [["--accepted", "story.pcap"], "story.pcap is read, so it cannot be written"],
  [["--accepted", "a.pcap", "--dropped", "a.pcap"], "--accepted and --dropped are the same file"],
  [["--json", "--accepted", "-"], "standard output cannot be JSON and a capture"],
  [["-"], "standard input can be read only once"],
])("%j is exit 2 before anything is written", (more, sentence) => {
  const directory = folder()
  const captures = more[0] === "-" ? ["-"] : ["story.pcap"]
  const { status, output, error } = floodwall([...words, ...more, ...captures], { directory })
  expect({ status, output }).toEqual({ status: 2, output: "" })
  expect(error).toContain(sentence)
  expect(readFileSync(join(directory, "story.pcap")).equals(Buffer.from(capture))).toBe(true)
})

test("where a capture cannot be written, nothing is read", () => {
  const { status, output, error } = floodwall([...words, "--dropped", "no/such/folder.pcap", "story.pcap"], {
    directory: folder(),
  })
  expect({ status, output }).toEqual({ status: 2, output: "" })
  expect(error).toBe("floodwall: no/such/folder.pcap cannot be written: no such file [unwritable-file]\n")
})

test("a policy with mistakes is told instead", () => {
  const directory = folder({ "bad.yaml": "interfaces: { wan: eth0 }\nprotect: { wan: strung }\n" })
  const { status, output, error } = floodwall(["replay", "--policy", "bad.yaml", "story.pcap"], { directory })
  expect({ status, output }).toEqual({ status: 2, output: "" })
  expect(error).toMatch(/^bad\.yaml:2:\d+: .* \[unknown-preset\]/)
})

test("a reader that goes away (| head) ends it quietly", () => {
  const directory = folder({ "flood.pcap": captureOf("203.0.113.66:1++ > 198.51.100.1:80 S repeat 50000") })
  const command = `"$0" "$1" replay --policy policy.yaml --json flood.pcap 2> words | head -1`
  const output = execFileSync(
    "sh",
    ["-c", command, process.execPath, join(import.meta.dirname, "../../bin/floodwall")],
    {
      cwd: directory,
    },
  )
  expect(JSON.parse(output.toString()).n).toBe(1)
  expect(readFileSync(join(directory, "words"), "utf8")).toBe("")
})

/** Time in nanoseconds and bytes of each record of a little-endian nanosecond pcap. */
function recordsOf(file: Uint8Array): { readonly time: string; readonly bytes: string }[] {
  const buffer = Buffer.from(file)
  expect(buffer.readUInt32LE(0)).toBe(0xa1b23c4d)
  const records: { time: string; bytes: string }[] = []
  for (let at = 24; at < buffer.length; ) {
    const length = buffer.readUInt32LE(at + 8)
    const time = `${buffer.readUInt32LE(at)}.${buffer.readUInt32LE(at + 4)}`
    records.push({ time, bytes: buffer.subarray(at + 16, at + 16 + length).toString("hex") })
    at += 16 + length
  }
  return records
}

/** Two null scans, each captured on a device of its own, both arriving. */
function capturedOn(...names: readonly string[]): Uint8Array {
  const { packets } = parseScript("203.0.113.9:1 > 192.0.2.1:80 none\n".repeat(names.length), "script")
  const linkType = packets[0]!.linkType
  return Buffer.concat([
    pcapngSection(),
    ...names.map((name) => pcapngInterface(linkType, name)),
    ...packets.map(({ bytes }, interfaceIndex) =>
      pcapngPacket({
        interfaceIndex,
        seconds: 1,
        nanoseconds: 0,
        bytes,
        wireLength: bytes.length,
        direction: 1,
        comment: "",
      }),
    ),
  ])
}

test.each([
  {
    names: ["eth0", "lan0"],
    verdicts: ["drop", "accept"],
    told: undefined,
    of: "of the policy's host: lan0 is in no zone",
  },
  {
    names: ["lan0", "eth0"],
    verdicts: ["accept", "drop"],
    told: undefined,
    of: "of the policy's host, the other way round",
  },
  { names: ["en5", "en6"], verdicts: ["drop", "drop"], told: "captured on en5, en6,", of: "of another host" },
  { names: ["any"], verdicts: ["drop"], told: undefined, of: "of no device" },
])("a capture $of: $names", ({ names, verdicts, told }) => {
  const directory = folder({ "devices.pcapng": capturedOn(...names) })
  const judged = floodwall([...words, "--json", "devices.pcapng"], { directory })
  expect(linesOf(judged.output).flatMap(({ verdict }) => verdict ?? [])).toEqual(verdicts)
  const { output } = floodwall([...words, "devices.pcapng"], { directory })
  if (told === undefined) expect(output).not.toContain("captured on")
  else expect(output).toContain(`\n\n${told} in no zone of the policy: taken for eth0; `)
})

test("a capture's devices are what a policy's * means, and --interface outweighs them", () => {
  const starred = policy.replace("eth0", "br-*")
  const directory = folder({ "starred.yaml": starred, "devices.pcapng": capturedOn("br-7f3a", "lan0") })
  const verdicts = (...more: readonly string[]) =>
    linesOf(floodwall(["replay", "--json", "devices.pcapng", ...more], { directory }).output).flatMap(
      ({ verdict }) => verdict ?? [],
    )
  expect(verdicts("--policy", "starred.yaml")).toEqual(["drop", "accept"])
  expect(verdicts("--policy", "policy.yaml", "--interface", "lan=0.0.0.0/0")).toEqual(["accept", "accept"])
})

test.each([
  {
    of: "a sending host, whose card fills the checksum in",
    // The pseudo-header alone: 0xc633 + 0x6401 + 0xc000 + 0x0201 + protocol 6 + 20 bytes, folded.
    packets: "198.51.100.1:443 > 192.0.2.1:40000 . seq 1 ack 1 checksum 60496 repeat 3",
    told: "3 packets have a wrong checksum (100 %) and are invalid to conntrack: captured before the network card filled it in, all from 198.51.100.1; add --sysctl nf_conntrack_checksum=0\n",
  },
  {
    of: "one source that is always wrong",
    packets: "198.51.100.1:443 > 192.0.2.1:40000 . seq 1 ack 1 checksum 1 repeat 3",
    told: "3 packets have a wrong checksum (100 %) and are invalid to conntrack: all from 198.51.100.1, whose network card fills it in; add --sysctl nf_conntrack_checksum=0\n",
  },
  {
    of: "a few among many",
    packets:
      "192.0.2.9:1++ > 198.51.100.1:443 S repeat 99\n192.0.2.10:443 > 198.51.100.1:40000 . seq 1 ack 1 checksum 1",
    told: "1 packet has a wrong checksum (1 %) and is invalid to conntrack; where they were right on the wire: --sysctl nf_conntrack_checksum=0\n",
  },
])("wrong checksums of $of are told", ({ packets, told }) => {
  const directory = folder({ "wrong.pcap": captureOf(packets) })
  const local = ["--local", "203.0.113.1", "--interface", "eth0=default"]
  const { output } = floodwall([...words, ...local, "wrong.pcap"], { directory })
  expect(output.slice(output.lastIndexOf("\n\n") + 2)).toBe(told)
  const fine = floodwall([...words, ...local, "--sysctl", "nf_conntrack_checksum=0", "wrong.pcap"], {
    directory,
  })
  expect(fine.output.slice(fine.output.lastIndexOf("\n\n") + 2)).toBe(
    "settings: nf_conntrack_checksum=0; the others as Linux 6.18 has them\n",
  )
})
