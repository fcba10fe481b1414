import { expect, test } from "vitest"
import { captureOf, policy, story } from "./support/captures.js"
import { floodwall, folderWith } from "./support/floodwall.js"

const gentle = policy.replace(/ {4}port-floods.*\n/, "")

function folder() {
  return folderWith({ "old.yaml": policy, "new.yaml": gentle, "story.pcap": captureOf(story) })
}

const words = ["replay", "--policy", "old.yaml", "--local", "198.51.100.1", "story.pcap"]

test("who would newly get in, by source and service, and the packets that change: exit 1", () => {
  const { status, output, error } = floodwall([...words, "--compare", "new.yaml"], { directory: folder() })
  expect({ status, error }).toEqual({ status: 1, error: "" })
  expect(output).toMatchInlineSnapshot(`
    "From  old.yaml
    To    new.yaml

    Packets   8        story.pcap, 3 s from 2026-01-02 03:04:05 UTC
    The same  6  75 %
    Cut off   0   0 %
    Let in    2  25 %  from 1 source

      Newly let in  service        packets  verdict, and who stops it
      203.0.113.66  ssh (22/tcp)         1  drop → accept  old.yaml:7 port-floods: ssh: { limit: more than 2 in 60s, block-for: 10m }
      203.0.113.66  http (80/tcp)        1  drop → accept  old.yaml:2 blocked: new connections of sources that may be forged

      Packets that change (2)
      5  03:04:06.000001  203.0.113.66:2003 > 198.51.100.1:22  ssh (22/tcp)
          drop old.yaml:7 port-floods → accept
      6  03:04:06.500001  203.0.113.66:2004 > 198.51.100.1:80  http (80/tcp)
          drop old.yaml:2 blocked → accept
    "
  `)
})

test("the other way round, who would newly be cut off", () => {
  const { status, output } = floodwall(
    ["replay", "--policy", "new.yaml", "--local", "198.51.100.1", "story.pcap", "--compare", "old.yaml"],
    { directory: folder() },
  )
  expect(status).toBe(1)
  expect(output).toMatch(/^From {2}new\.yaml\nTo {4}old\.yaml\n\n/)
  expect(output).toMatch(/\nCut off {3}2 {2}25 % {2}from 1 source\nLet in {4}0 {3}0 %\n/)
  expect(output).toMatch(
    /\n {2}203\.0\.113\.66 {3}ssh \(22\/tcp\) {9}1 {2}accept → drop {2}old\.yaml:7 port-floods/,
  )
})

test("the same verdicts are exit 0, and nothing is listed", () => {
  const { status, output } = floodwall([...words, "--compare", "old.yaml"], { directory: folder() })
  expect(status).toBe(0)
  expect(output).toMatch(/\nThe same {2}8 {2}100 %\nCut off {3}0 {4}0 %\nLet in {4}0 {4}0 %\n/)
  expect(output).not.toMatch(/Newly|Packets that change/)
})

test("--json has each packet with both verdicts, and the comparison in the summary", () => {
  const { status, output } = floodwall([...words, "--json", "--compare", "new.yaml"], { directory: folder() })
  expect(status).toBe(1)
  const lines = output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
  expect(lines).toHaveLength(9)
  expect(lines.flatMap(({ n, changed }) => (changed ? [n] : []))).toEqual([5, 6])
  expect(lines[4]).toMatchObject({
    verdict: "drop",
    rule: { origin: { file: "old.yaml", line: 7 } },
    other: { verdict: "accept", ctstate: "new" },
  })
  expect(lines[8].summary.comparison).toMatchObject({
    ...{ packets: 8, same: 6, cutOff: 0, letIn: 2, otherwise: 0, newlyCutOff: [] },
    newlyLetIn: [
      { source: "203.0.113.66", service: "ssh (22/tcp)", packets: 1 },
      { source: "203.0.113.66", service: "http (80/tcp)", packets: 1 },
    ],
  })
  expect(lines[8].summary.other.verdicts).toMatchObject({ accept: 6, drop: 1 })
})

test("--trace shows the packet's way through both", () => {
  const { output } = floodwall([...words, "--trace", "5", "--compare", "new.yaml"], { directory: folder() })
  expect(output.match(/^Packet 5 {2}/gm)).toHaveLength(2)
  expect(output.match(/^Verdict {2}(drop|accept)/gm)).toEqual(["Verdict  drop", "Verdict  accept"])
})

test.each([
  [["--compare", "nope.yaml"], "nope.yaml cannot be read: no such file"],
  [["--compare", "-", "-"], "standard input can be read only once"],
])("%j is exit 2", (more, sentence) => {
  const { status, output, error } = floodwall([...words, ...more], { directory: folder() })
  expect({ status, output }).toEqual({ status: 2, output: "" })
  expect(error).toContain(sentence)
})

test("attacks that only one of two policies finds, and whom only one would keep out", () => {
  const scan = "+10ms in eth0 203.0.113.9:40000 > 198.51.100.1:1000++ S repeat 30"
  const watch = "interfaces: { wan: eth0 }\nprotect: { wan: watch }\n"
  const directory = folderWith({
    "watch.yaml": watch,
    "block.yaml": "interfaces: { wan: eth0 }\nprotect: { wan: { preset: default, open: [http] } }\n",
    "called.pcap": captureOf(`out eth0 198.51.100.1:50000 > 203.0.113.9:443 S\n${scan}`),
    "scan.pcap": captureOf(scan),
  })
  const compare = (from: string, to: string, capture = "scan.pcap") => {
    const options = ["--local", "198.51.100.1", "--compare", to, "--json", capture]
    const { output } = floodwall(["replay", "--policy", from, ...options], { directory })
    const { comparison } = JSON.parse(output.trim().split("\n").at(-1) ?? "").summary
    const brief = (list: readonly { readonly detector: string; readonly sources: readonly string[] }[]) =>
      list.map(({ detector, sources }) => `${detector} ${sources.join()}`)
    const who = (list: readonly { readonly source: string }[]) => list.map(({ source }) => source)
    return {
      newlyFound: brief(comparison.newlyFound),
      noLongerFound: brief(comparison.noLongerFound),
      newlyBlocked: who(comparison.newlyBlocked),
      noLongerBlocked: who(comparison.noLongerBlocked),
    }
  }
  const nothing = { newlyFound: [], noLongerFound: [], newlyBlocked: [], noLongerBlocked: [] }
  const found = ["port-scan 203.0.113.9"]
  expect(compare("block.yaml", "block.yaml")).toEqual(nothing)
  expect(compare("watch.yaml", "block.yaml")).toEqual({
    ...nothing,
    newlyFound: found,
    newlyBlocked: ["203.0.113.9"],
  })
  expect(compare("block.yaml", "watch.yaml")).toEqual({
    ...nothing,
    noLongerFound: found,
    noLongerBlocked: ["203.0.113.9"],
  })
  // Whom this host has called is not blocked, as the guard would not.
  expect(compare("watch.yaml", "block.yaml", "called.pcap")).toEqual({ ...nothing, newlyFound: found })
})
