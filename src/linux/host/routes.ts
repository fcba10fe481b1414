import { type Address, parseAddress } from "../../core/base/address.js"
import { hostPrefix, type Prefix } from "../../core/base/prefix.js"
import { outputOf } from "./run.js"

/** The way out for what has no better route. */
export interface DefaultRoute {
  readonly family: 4 | 6
  readonly device: string
  /** Absent: the destination is on the link. */
  readonly gateway?: string
  /** Absent: the main one. */
  readonly table?: string
}

interface Hop {
  readonly dev?: string
  readonly gateway?: string
}

interface RouteEntry extends Hop {
  readonly type?: string
  readonly table?: string
  readonly nexthops?: readonly Hop[]
}

/** Default routes of both families, in every table (several providers by `ip rule` have one each); a route of several next hops is as many. */
export function readDefaultRoutes(): readonly DefaultRoute[] {
  return ([4, 6] as const).flatMap((family) =>
    parseDefaultRoutes(
      outputOf("ip", [`-${family}`, "-j", "route", "show", "table", "all", "default"]) ?? "",
      family,
    ),
  )
}

/** Reads `ip -j route show table all default`, which names each table but the main one. Unreachable and blackhole routes lead nowhere. */
export function parseDefaultRoutes(text: string, family: 4 | 6): readonly DefaultRoute[] {
  return parseJson<RouteEntry>(text)
    .filter(({ type }) => type === undefined || type === "unicast")
    .flatMap((entry): readonly RouteEntry[] =>
      (entry.nexthops ?? [entry]).map((hop) =>
        entry.table === undefined ? hop : { ...hop, table: entry.table },
      ),
    )
    .flatMap(({ dev, gateway, table }) =>
      dev === undefined || dev === "lo"
        ? []
        : [
            {
              family,
              device: dev,
              ...(gateway === undefined ? {} : { gateway }),
              ...(table === undefined ? {} : { table }),
            },
          ],
    )
}

/** In the family that has more of them: one route of each is one way out. */
export function countDefaultRoutes(routes: readonly DefaultRoute[]): number {
  return Math.max(...([4, 6] as const).map((family) => ways(routes, family)))
}

function ways(routes: readonly DefaultRoute[], family: 4 | 6): number {
  const own = routes.filter((route) => route.family === family)
  return new Set(own.map(({ device, gateway }) => `${device} ${gateway}`)).size
}

interface AddressEntry {
  readonly addr_info?: readonly { readonly local?: string }[]
}

/** All addresses of this host, of loopback too. */
export function readAddresses(): readonly Prefix[] {
  return parseAddresses(outputOf("ip", ["-j", "address"]) ?? "")
}

/** Reads `ip -j address`. */
export function parseAddresses(text: string): readonly Prefix[] {
  return parseJson<AddressEntry>(text)
    .flatMap(({ addr_info }) => addr_info ?? [])
    .map(({ local }) => parseAddress(local ?? ""))
    .filter((address): address is Address => address !== undefined)
    .map(hostPrefix)
}

export interface Device {
  readonly name: string
  /** What `ip -d link` calls it: bond, bridge, tun, veth, vlan…; `physical` where it has no kind of its own, `loopback`. */
  readonly kind: string
  /** The bridge or bond that it is a port of. */
  readonly master?: string
  /** Of a VLAN device, macvlan and their kin: the device that they stand on. */
  readonly below?: string
}

interface LinkEntry {
  readonly ifname?: string
  readonly link_type?: string
  readonly link?: string
  readonly master?: string
  readonly linkinfo?: { readonly info_kind?: string }
}

export function readDevices(): readonly Device[] {
  return parseDevices(outputOf("ip", ["-d", "-j", "link"]) ?? "")
}

/** Both at once: what lists addresses describes the devices, too. */
export function readDevicesAndAddresses(): {
  readonly devices: readonly Device[]
  readonly addresses: readonly Prefix[]
} {
  const text = outputOf("ip", ["-d", "-j", "address"]) ?? ""
  return { devices: parseDevices(text), addresses: parseAddresses(text) }
}

/** Reads `ip -d -j link`, and `ip -d -j address`. */
export function parseDevices(text: string): readonly Device[] {
  return parseJson<LinkEntry>(text).flatMap(({ ifname, link_type, link, master, linkinfo }) => {
    if (ifname === undefined) return []
    const physical = link_type === "ppp" ? "ppp" : "physical"
    const kind = link_type === "loopback" ? "loopback" : (linkinfo?.info_kind ?? physical)
    return [
      {
        name: ifname,
        kind,
        ...(master === undefined ? {} : { master }),
        ...(link === undefined ? {} : { below: link }),
      },
    ]
  })
}

/** iproute2 prints an array, and nothing at all for an empty one. */
function parseJson<Entry>(text: string): readonly Entry[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? (value as Entry[]) : []
  } catch {
    return []
  }
}
