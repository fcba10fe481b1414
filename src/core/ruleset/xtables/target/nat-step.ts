import { DESTINATION, type End, SOURCE } from "../../../packet/rewrite.js"
import type { Step } from "../../runtime.js"
import type { NatRequest } from "../../translator.js"
import type { NatRange } from "../nat-range.js"

export interface NatFlags {
  readonly random: boolean
  readonly fullyRandom: boolean
  readonly persistent: boolean
}

/** `-j SNAT` and `-j DNAT`. */
export function addressNatStep(end: End, range: NatRange, flags: NatFlags): Step {
  const { addresses, ports, base } = range
  return (packet, run) => {
    const request = run.nat.ask()
    setFlags(request, flags)
    if (addresses !== null) {
      request.hasAddresses = true
      request.lowest.set(addresses[0])
      request.highest.set(addresses[1])
    }
    setPorts(request, ports)
    if (base !== null) request.basePort = base
    return run.nat.translate(packet, end)
  }
}

/** `-j MASQUERADE` and `-j REDIRECT`. */
export function portNatStep(
  name: "MASQUERADE" | "REDIRECT",
  ports: readonly [number, number] | null,
  flags: NatFlags,
): Step {
  const isMasquerade = name === "MASQUERADE"
  return (packet, run) => {
    const request = run.nat.ask()
    setFlags(request, flags)
    setPorts(request, ports)
    return isMasquerade ? run.nat.masquerade(packet) : run.nat.redirect(packet)
  }
}

/** `-j NETMAP`: the network changes, the host stays; of the source behind routing, of the destination before. */
export function netmapStep(network: readonly number[], mask: readonly number[]): Step {
  return (packet, run) => {
    const end = run.nat.end
    const request = run.nat.ask()
    request.hasAddresses = true
    for (let word = 0; word < mask.length; word++) {
      const address =
        word === 0
          ? end === SOURCE
            ? packet.source0
            : packet.destination0
          : word === 1
            ? end === SOURCE
              ? packet.source1
              : packet.destination1
            : word === 2
              ? end === SOURCE
                ? packet.source2
                : packet.destination2
              : end === SOURCE
                ? packet.source3
                : packet.destination3
      const value = ((address & ~mask[word]!) | (network[word]! & mask[word]!)) >>> 0
      request.lowest[word] = value
      request.highest[word] = value
    }
    return run.nat.translate(packet, end === SOURCE ? SOURCE : DESTINATION)
  }
}

function setFlags(request: NatRequest, { random, fullyRandom, persistent }: NatFlags): void {
  request.random = random
  request.fullyRandom = fullyRandom
  request.persistent = persistent
}

function setPorts(request: NatRequest, ports: readonly [number, number] | null): void {
  if (ports === null) return
  request.fromPort = ports[0]
  request.toPort = ports[1]
}
