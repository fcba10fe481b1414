import { readFileSync } from "node:fs"
import { type Address, parseAddress } from "../../core/base/address.js"
import { comparePrefixes, hostPrefix, type Prefix, printPrefix } from "../../core/base/prefix.js"
import type { HostFacts, PortSelector } from "../../core/policy/policy.js"
import { kernelFeatures, kernelVersion } from "./capabilities.js"
import { readPublishedPorts } from "./published.js"
import { readResolvers } from "./resolvers.js"
import {
  countDefaultRoutes,
  type DefaultRoute,
  type Device,
  readDefaultRoutes,
  readDevicesAndAddresses,
} from "./routes.js"
import { findSessions } from "./sessions.js"
import { isLoopback, readSockets, type Socket, tcpState } from "./sockets.js"

/**
 * What a policy may need to know of this host. Everything is of the current network namespace; what cannot be read (no `ip`, no privilege) is empty,
 * and a policy that needs it says so when it is compiled.
 */
export function gatherFacts(): HostFacts {
  const routes = readDefaultRoutes()
  const { devices, addresses } = readDevicesAndAddresses()
  const kernel = kernelFeatures(kernelVersion())
  let sessions: HostFacts["sessions"]
  return {
    defaultInterfaces: [
      ...new Set(routes.filter(({ table }) => table === undefined).map(({ device }) => device)),
    ],
    defaultRoutes: countDefaultRoutes(routes),
    addresses,
    spared: sparedHosts(addresses, routes, readResolvers()),
    listening: distinct([
      ...listeningPorts(readSockets("tcp"), readSockets("udp"), ephemeralPorts()),
      ...readPublishedPorts(),
    ]),
    ingressDevices: ingressDevices(devices, kernel),
    egress: kernel.egress,
    // Looked for when first asked, which few commands do: every process's sockets have to be read for it.
    get sessions() {
      sessions ??= findSessions(process.env).map(({ remote, local }) => ({
        from: remote.address,
        port: local.port,
      }))
      return sessions
    },
  }
}

/**
 * Devices where an ingress chain is safe. From Linux 6.16 on a chain waits for its device and follows it, so every device will do.
 * Before that (5.10 and newer) a chain dies with its device and does not come back with it: only kinds that are made once, at boot, count.
 * What comes and goes with a connection or a container (ppp, tun, wireguard, a veth that is a bridge's port) is guarded in prerouting, by name.
 * A veth of its own is the wire of a container or of a network namespace, and lives as long as that.
 * A device that VLAN devices stand on is guarded in prerouting, too: at its ingress their packets look like its own, and a zone touches no device that it does not name.
 */
export function ingressDevices(
  devices: readonly Device[],
  kernel: { readonly ingress: boolean; readonly missingDevices: boolean },
): readonly string[] {
  if (!kernel.ingress) return []
  const carriers = new Set(devices.filter(({ kind }) => kind === "vlan").map(({ below }) => below))
  return devices
    .filter(({ name, kind, master }) => {
      if (kind === "loopback" || carriers.has(name)) return false
      if (kernel.missingDevices || STAYING.has(kind)) return true
      return kind === "veth" && master === undefined
    })
    .map(({ name }) => name)
}

const STAYING: ReadonlySet<string> = new Set([
  "physical",
  "bond",
  "team",
  "bridge",
  "vlan",
  "macvlan",
  "ipvlan",
])

/**
 * Ports that somebody outside can reach. Left out: what is bound to loopback, and UDP sockets on ports that the kernel gives to clients,
 * which are questions under way and not services.
 */
export function listeningPorts(
  tcp: readonly Socket[],
  udp: readonly Socket[],
  ephemeral: { readonly from: number; readonly to: number },
): readonly PortSelector[] {
  const open = ({ local }: Socket) => local.port !== 0 && !isLoopback(local.address)
  const services = udp.filter(
    ({ state, local: { port } }) =>
      state === UDP_UNCONNECTED && (port < ephemeral.from || port > ephemeral.to),
  )
  return distinct([
    ...tcp
      .filter(({ state }) => state === tcpState.listen)
      .filter(open)
      .map(selector("tcp")),
    ...services.filter(open).map(selector("udp")),
  ])
}

/** Whom no rule ever lists: without its gateway or its resolvers a host is off the net, and its own addresses may be forged by anybody. Each once, hosts only. */
export function sparedHosts(
  own: readonly Prefix[],
  routes: readonly DefaultRoute[],
  resolvers: readonly Address[],
): readonly Prefix[] {
  const gateways = routes.flatMap(({ gateway }) => parseAddress(gateway ?? "") ?? [])
  const all = [...own, ...[...gateways, ...resolvers].map(hostPrefix)]
  return [...new Map(all.map((prefix) => [printPrefix(prefix), prefix])).values()]
    .filter(({ address }) => !isLoopback(address))
    .sort(comparePrefixes)
}

/** TCP_CLOSE, in which an unconnected UDP socket is listed. */
const UDP_UNCONNECTED = 7

function selector(protocol: "tcp" | "udp") {
  return ({ local: { port } }: Socket): PortSelector => ({ protocol, range: { from: port, to: port } })
}

/** Each once, in an order that does not depend on who listened first: a policy compiles to the same rules again. */
function distinct(ports: readonly PortSelector[]): readonly PortSelector[] {
  const byText = new Map(ports.map((port) => [`${port.protocol} ${port.range.from}-${port.range.to}`, port]))
  return [...byText.values()].sort(
    (left, right) =>
      left.range.from - right.range.from ||
      left.range.to - right.range.to ||
      left.protocol.localeCompare(right.protocol),
  )
}

function ephemeralPorts(): { from: number; to: number } {
  try {
    const [from = 32768, to = 60999] = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8")
      .trim()
      .split(/\s+/)
      .map(Number)
    return { from, to }
  } catch {
    // The kernel's default (Documentation/networking/ip-sysctl.rst).
    return { from: 32768, to: 60999 }
  }
}
