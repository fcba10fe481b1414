import { once } from "node:events"
import { type AddressInfo, createConnection } from "node:net"
import { expect, onTestFinished, test } from "vitest"
import { parseListenAddress, printMetrics, serveMetrics } from "./metrics.js"

/** https://prometheus.io/docs/instrumenting/exposition_formats/ : a metric's line, with its labels. */
const sample =
  /^[a-z_:][a-z0-9_:]*(\{([a-z_]+="([^"\\\n]|\\["\\n])*",?)+\})? (-?\d+(\.\d+)?(e[+-]\d+)?|NaN|[+-]Inf)$/i

test("metrics are Prometheus's text, whatever a label holds", () => {
  const text = printMetrics([
    {
      name: "floodwall_events_total",
      kind: "counter",
      help: "Events by source.",
      values: [
        { labels: { source: 'a "quoted" \\ back\nline', other: "x" }, value: 12 },
        { labels: { source: "" }, value: 1e21 },
      ],
    },
    { name: "floodwall_blocked_sources", kind: "gauge", help: "Now.", values: [{ value: 0.5 }] },
    { name: "floodwall_nothing", kind: "gauge", help: "Nothing to say.", values: [] },
  ])
  expect(text.endsWith("\n")).toBe(true)
  const lines = text.slice(0, -1).split("\n")
  for (const line of lines.filter((each) => !each.startsWith("#"))) expect(line).toMatch(sample)
  expect(lines).toEqual([
    "# HELP floodwall_events_total Events by source.",
    "# TYPE floodwall_events_total counter",
    'floodwall_events_total{source="a \\"quoted\\" \\\\ back\\nline",other="x"} 12',
    'floodwall_events_total{source=""} 1e+21',
    "# HELP floodwall_blocked_sources Now.",
    "# TYPE floodwall_blocked_sources gauge",
    "floodwall_blocked_sources 0.5",
    "# HELP floodwall_nothing Nothing to say.",
    "# TYPE floodwall_nothing gauge",
  ])
})

test("an address to listen on is loopback's unless it is said", () => {
  expect(
    ["127.0.0.1:9477", ":9477", "[::1]:9477", "9477", "127.0.0.1", "127.0.0.1:99999", "a:b:9"].map(
      parseListenAddress,
    ),
  ).toEqual([
    { host: "127.0.0.1", port: 9477 },
    { host: "127.0.0.1", port: 9477 },
    { host: "::1", port: 9477 },
    undefined,
    undefined,
    undefined,
    undefined,
  ])
})

test("who asks without end makes the guard count once, and who never asks to the end, or never reads, is let go", async () => {
  let counted = 0
  const collect = () => {
    counted++
    return [{ name: "one", kind: "gauge", help: "h", values: [{ value: 1 }] }] as const
  }
  const server = serveMetrics({ host: "127.0.0.1", port: 0 }, collect, () => {}, 500)
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  const connect = (text: string) => {
    const socket = createConnection(port, "127.0.0.1")
    socket.on("error", () => {})
    onTestFinished(() => void socket.destroy())
    socket.write(text)
    return socket
  }
  const ask = () => fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text())
  const asked = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
  const greedy = connect(asked.repeat(10_000))
  greedy.resume()
  await once(greedy, "close")
  expect(counted).toBe(1)
  expect(await ask()).toContain("one 1")

  const slow = Array.from({ length: 8 }, () => connect("GET /metrics HTTP/1.1\r\nHo"))
  await Promise.all(slow.map((socket) => once(socket.resume(), "close")))
  expect(await ask()).toContain("one 1")
})
