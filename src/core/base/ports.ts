import type { Problem } from "./diagnostic.js"
import { didYouMean } from "./nearest.js"
import { services, type TransportName } from "./services.js"

export type { TransportName }

/** Ports from `from` to `to`, both included. */
export interface PortRange {
  readonly from: number
  readonly to: number
}

/** A range, and the protocols it is meant for. */
export interface Ports extends PortRange {
  readonly protocols: readonly TransportName[]
}

const both: readonly TransportName[] = ["tcp", "udp"]

/** Reads `22`, `23/tcp`, `8000-8100/udp`, `ssh`, `domain/tcp`. Without a protocol a number means both, a name what its service uses. */
export function parsePorts(text: string): Ports | Problem {
  const [written, suffix, ...more] = text.trim().split("/")
  if (more.length > 0 || (suffix !== undefined && suffix !== "tcp" && suffix !== "udp")) {
    return {
      id: "not-a-port",
      message: `"${text}" is not a port`,
      hint: "behind the slash stands tcp or udp: 53/udp",
    }
  }
  const protocols: readonly TransportName[] = suffix === undefined ? both : [suffix]
  const range = /^(\d+)(?:\s*[-:]\s*(\d+))?$/.exec(written!)
  if (range) {
    const from = Number(range[1])
    const to = Number(range[2] ?? range[1])
    if (from <= to && to <= 65535) return { from, to, protocols }
    const message =
      from > to ? `the range ${written} runs backwards` : `a port is at most 65535, not ${written}`
    return { id: "not-a-port", message }
  }
  const service = services.get(written!.toLowerCase())
  if (service)
    return { from: service.port, to: service.port, protocols: suffix ? [suffix] : service.protocols }
  const hint = didYouMean(written!, services.keys())
  return {
    id: "not-a-port",
    message: `"${written}" is not a port or the name of a service`,
    ...(hint && { hint }),
  }
}

/** `22/tcp`, `8000-8100`: in numbers; without a protocol where both are meant. */
export function printPorts(ports: Ports): string {
  const range = ports.from === ports.to ? `${ports.from}` : `${ports.from}-${ports.to}`
  return ports.protocols.length === 1 ? `${range}/${ports.protocols[0]}` : range
}

/** The name that people know the port by, or undefined. */
export function serviceName(port: number, protocol: TransportName): string | undefined {
  return namesByPort().get(`${port}/${protocol}`)
}

let byPort: Map<string, string> | undefined

function namesByPort(): Map<string, string> {
  if (byPort) return byPort
  byPort = new Map()
  for (const [name, service] of services) {
    for (const protocol of service.protocols) {
      const key = `${service.port}/${protocol}`
      if (!byPort.has(key)) byPort.set(key, name)
    }
  }
  return byPort
}
