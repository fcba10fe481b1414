import type { Context } from "./context.js"
import type { ScopeLine } from "./model.js"
import { reachOf } from "./reach.js"
import { servicesOf } from "./service-line.js"

/** What lines before have accepted, so that rules behind them never see it. */
export interface Accepted {
  readonly everything: boolean
  readonly icmp: boolean
  /** `80/tcp` */
  readonly ports: readonly string[]
  /** Something is accepted from some sources only. */
  readonly some: boolean
  /** The first of the lines. */
  readonly line: number
}

/** New connections that `server` lines (for `reverse` also `client` lines) before a line let in without a condition. */
export function acceptedBefore(line: ScopeLine, reverse: boolean, context: Context): Accepted {
  const { scope } = line
  const verb = reverse ? "client" : "server"
  const ports = new Set<string>()
  let [everything, icmp, some] = [false, false, false]
  let first = 0
  for (const other of scope.lines.slice(0, scope.lines.indexOf(line))) {
    if (other.verb !== verb || other.command.uncertain !== undefined) continue
    const { services, action, parameters, conditions } = servicesOf(other.words, context.variables)
    if (action !== "accept" || conditions) continue
    if (first === 0) first = other.command.span.line
    const all = [parameters, ...other.groups]
    const reach = reachOf(all, context.sets)
    const isSome =
      reach.from || reach.notFrom || reach.to || reach.others.length > 0 || parameters.unknown !== undefined
    const isWhole = other.families.four === line.families.four && other.families.six === line.families.six
    if (isSome || !isWhole) {
      some = true
      continue
    }
    for (const { service } of services) {
      if (service === undefined || service.service === "other") continue
      if (service.service === "everything") everything = true
      else if (service.service === "icmp") icmp = true
      else for (const port of service.ports) ports.add(port)
    }
  }
  return { everything, icmp, ports: [...ports], some, line: first }
}

/** All ports but these: `1-79/tcp`, `81-65535/tcp`, `1-65535/udp`. */
export function restOf(ports: readonly string[]): readonly string[] {
  return ["tcp", "udp"].flatMap((protocol) => {
    const taken = ports
      .filter((port) => port.endsWith(`/${protocol}`))
      .map((port) => port.split("/")[0]!.split("-").map(Number))
      .map(([from, to]) => [from!, to ?? from!] as const)
      .sort((left, right) => left[0] - right[0])
    const rest: string[] = []
    let next = 1
    for (const [from, to] of taken) {
      if (from > next) rest.push(range(next, from - 1, protocol))
      next = Math.max(next, to + 1)
    }
    if (next <= 65535) rest.push(range(next, 65535, protocol))
    return rest
  })
}

function range(from: number, to: number, protocol: string): string {
  return `${from === to ? from : `${from}-${to}`}/${protocol}`
}
