import { createServer, type Server } from "node:http"

/** One number, as Prometheus reads it (text exposition format 0.0.4). */
export interface Metric {
  readonly name: string
  readonly kind: "counter" | "gauge"
  readonly help: string
  readonly values: readonly {
    readonly labels?: Readonly<Record<string, string>>
    readonly value: number
  }[]
}

export function printMetrics(metrics: readonly Metric[]): string {
  return metrics
    .map(({ name, kind, help, values }) =>
      [
        `# HELP ${name} ${help}`,
        `# TYPE ${name} ${kind}`,
        ...values.map(({ labels, value }) => `${name}${printLabels(labels)} ${value}`),
      ].join("\n"),
    )
    .join("\n")
    .concat("\n")
}

function printLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const entries = Object.entries(labels ?? {})
  if (entries.length === 0) return ""
  const escaped = (text: string) =>
    text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")
  return `{${entries.map(([name, value]) => `${name}="${escaped(value)}"`).join(",")}}`
}

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** `127.0.0.1:9477`, `[::1]:9477`, `:9477` (loopback). */
export function parseListenAddress(text: string): ListenAddress | undefined {
  const found = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text)
  const port = Number(found?.[3])
  if (!found || port > 65535) return undefined
  return { host: found[1] ?? (found[2] || "127.0.0.1"), port }
}

/** Milliseconds for which the numbers are as good as new: whoever asks ten thousand times a second makes the guard count once. */
const FRESH = 500
/** Milliseconds that a scraper may take for its question, and for reading the answer. */
const PATIENCE = 5000

/** Answers `GET /metrics` and nothing else, one request a connection; no more than eight scrapers at once. */
export function serveMetrics(
  { host, port }: ListenAddress,
  collect: () => readonly Metric[],
  onTrouble: (text: string) => void,
  patience = PATIENCE,
): Server {
  let text = ""
  let until = Number.NEGATIVE_INFINITY
  const numbers = () => {
    const now = performance.now()
    if (now >= until) {
      text = printMetrics(collect())
      until = now + FRESH
    }
    return text
  }
  // Node looks every half minute who has taken too long, unless it is told to look more often.
  const server = createServer({ connectionsCheckingInterval: patience / 5 }, (request, response) => {
    const isMetrics = request.method === "GET" && request.url?.split("?")[0] === "/metrics"
    response.writeHead(isMetrics ? 200 : 404, {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
      connection: "close",
    })
    response.end(isMetrics ? numbers() : "only /metrics is here\n")
  })
  server.maxConnections = 8
  server.headersTimeout = patience
  server.requestTimeout = patience
  server.timeout = patience
  server.on("error", (error) => onTrouble(`metrics are not served: ${error.message}`))
  server.listen(port, host)
  return server
}
