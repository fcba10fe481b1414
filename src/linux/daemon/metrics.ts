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

/** Answers `GET /metrics` and nothing else; no more than eight scrapers at once. */
export function serveMetrics(
  { host, port }: ListenAddress,
  collect: () => readonly Metric[],
  onTrouble: (text: string) => void,
): Server {
  const server = createServer((request, response) => {
    const isMetrics = request.method === "GET" && request.url?.split("?")[0] === "/metrics"
    response.writeHead(isMetrics ? 200 : 404, { "content-type": "text/plain; version=0.0.4; charset=utf-8" })
    response.end(isMetrics ? printMetrics(collect()) : "only /metrics is here\n")
  })
  server.maxConnections = 8
  server.headersTimeout = 5000
  server.requestTimeout = 5000
  server.on("error", (error) => onTrouble(`metrics are not served: ${error.message}`))
  server.listen(port, host)
  return server
}
