import type { Packet } from "../packet/packet.js"
import type { Routes } from "../ruleset/runtime.js"
import { type RoutingTable, RTN_LOCAL, RTN_UNICAST } from "./routes.js"

/**
 * What rules are told of addresses where nobody said which are this host's: a packet that is taken to be for this host has an own address as
 * destination, one that leaves has one as source. Without it `fib daddr type local` would never match where everything is for this host.
 */
export class AssumedRoutes implements Routes {
  path: "input" | "forward" | "output" = "input"
  private readonly routes: RoutingTable

  constructor(routes: RoutingTable) {
    this.routes = routes
  }

  addressType(packet: Packet, which: "source" | "destination"): number {
    const type = this.routes.addressType(packet, which)
    const own = this.path === "input" ? "destination" : this.path === "output" ? "source" : ""
    return type === RTN_UNICAST && which === own ? RTN_LOCAL : type
  }

  interfaceTo(packet: Packet, which: "source" | "destination"): number {
    return this.routes.interfaceTo(packet, which)
  }
}
