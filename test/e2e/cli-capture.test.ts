import { expect, test } from "vitest"
import { captureOf } from "./support/captures.js"
import { floodwall, folderWith } from "./support/floodwall.js"

/** An honest visitor, then a scanner, who tries a port once more when he is kept out, and once more when he is not. */
const story = `
in eth0 198.51.100.7:2000 > 192.0.2.1:80 S seq 100
+1ms out eth0 192.0.2.1:80 > 198.51.100.7:2000 S. seq 500 ack 101
+1ms in eth0 198.51.100.7:2000 > 192.0.2.1:80 . seq 101 ack 501
+1s in eth0 203.0.113.9:40000++ > 192.0.2.1:1000++ S repeat 20 every 1ms
+1m in eth0 203.0.113.9:50000 > 192.0.2.1:80 S
+10m in eth0 203.0.113.9:50001 > 192.0.2.1:80 S
`

const policy = `interfaces: { wan: eth0 }
never-block: [198.51.100.0/24]
protect: { wan: { preset: default, open: [http] } }
`

function folder(): string {
  return folderWith({ "policy.yaml": policy, "story.pcap": captureOf(story) })
}

function linesOf(output: string) {
  return output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
}

test("run --capture finds, blocks and lets out again, on the capture's time", () => {
  const words = ["run", "policy.yaml", "--capture", "story.pcap", "--local", "192.0.2.1"]
  const { status, output, error } = floodwall(words, { directory: folder() })
  expect({ status, error }).toEqual({ status: 0, error: "" })
  expect(output).toMatchInlineSnapshot(`
    "2026-01-02 03:04:06  port-scan  203.0.113.9 tried 20 or more closed TCP ports within 0.019 s, towards 192.0.2.1
    2026-01-02 03:04:06  blocked  203.0.113.9 until 2026-01-02 03:14:06, only what it opens: port-scan
    2026-01-02 03:15:06  over  203.0.113.9
    25 packets, 1 finding, 1 block; 0 kept out at the end
    "
  `)
  const json = linesOf(floodwall([...words, "--json"], { directory: folder() }).output)
  expect(json.map((line) => Object.keys(line)[0])).toEqual(["finding", "block", "end", "summary"])
  expect(json[0].finding).toMatchObject({
    detector: "port-scan",
    kind: "vertical-syn-scan",
    sources: ["203.0.113.9"],
    proven: false,
    threshold: "more than 19 in 1m",
    policy: "policy.yaml:3",
    decisions: [{ source: "203.0.113.9", verdict: "block", scope: "new-connections", seconds: 600 }],
  })
  // The twenty and one that came while he was kept out; the last one is let in.
  expect(json.at(-1).summary).toMatchObject({ packets: 25, verdicts: { accept: 4, drop: 21 }, blocked: [] })
})

test("what is for captures is refused without one", () => {
  const { status, error } = floodwall(["run", "policy.yaml", "--json"], { directory: folder() })
  expect({ status, error }).toEqual({ status: 2, error: expect.stringContaining("are for --capture") })
})

test("replay tells the same findings: a line each before the summary, and who would be blocked", () => {
  const words = ["replay", "--policy", "policy.yaml", "--local", "192.0.2.1", "story.pcap"]
  const lines = linesOf(floodwall([...words, "--json"], { directory: folder() }).output)
  expect(lines.map((line) => Object.keys(line)[0])).toEqual([
    ...new Array(25).fill("n"),
    "finding",
    "summary",
  ])
  expect(lines.at(-1).summary.blocked).toMatchObject([
    { source: "203.0.113.9", protection: "port-scan", set: "blocked-new4" },
  ])
  expect(floodwall(words, { directory: folder() }).output).toContain("port-scan")
  const without = floodwall([...words, "--no-findings"], { directory: folder() })
  expect(without.output).not.toContain("port-scan")
})
