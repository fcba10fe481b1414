import { expect, test } from "vitest"
import { parseListenAddress, printMetrics } from "./metrics.js"

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
