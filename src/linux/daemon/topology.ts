import {
  type Flow,
  FROM_HOST,
  FROM_INSIDE,
  FROM_OUTSIDE,
  THROUGH,
  TOWARDS_HOST,
} from "../../core/event/flow.js"
import type { Policy } from "../../core/policy/policy.js"
import { type Networks, readNetworks } from "../host/networks.js"

/** Where a flow comes from and goes to, as far as addresses tell: conntrack names no devices. */
export interface Topology {
  /** Fills `direction`, `side` and `interface` of a flow by its addresses. */
  place(flow: Flow): void
  /** Fills them by the device that the packet came in by or leaves by; both 0: by its addresses. */
  placeByDevice(flow: Flow, input: number, output: number): void
  isBroadcast(flow: Flow): boolean
  isOwnSource(flow: Flow): boolean
  /** Reads the host's addresses and routes anew. */
  refresh(): void
}

/** `policy`: which devices face the world. A device that no zone guards is inside. */
export function createTopology(policy: () => Policy, read: () => Networks = readNetworks): Topology {
  let networks = read()
  let own4 = new Set<number>()
  let own6 = new Set<string>()
  let broadcasts = new Set<number>()
  let outside: (device: string) => boolean = () => true
  index()

  const isOwn = (family: 4 | 6, a: number, b: number, c: number, d: number) =>
    family === 4 ? own4.has(a) : own6.has(key6(a, b, c, d))
  const isOwnSource = (flow: Flow) =>
    isOwn(flow.family, flow.source0, flow.source1, flow.source2, flow.source3)
  const isOwnDestination = (flow: Flow) =>
    isOwn(flow.family, flow.destination0, flow.destination1, flow.destination2, flow.destination3)
  const isToAll = (flow: Flow) =>
    flow.family === 4
      ? flow.destination0 === 0xffffffff ||
        flow.destination0 >>> 28 === 0xe ||
        broadcasts.has(flow.destination0)
      : flow.destination0 >>> 24 === 0xff
  const deviceTowards = (family: 4 | 6, a: number, b: number, c: number, d: number): string => {
    for (const { prefix, device } of networks.routes) {
      if (prefix.address.family !== family) continue
      const words = prefix.address.words
      if (
        covers(prefix.length, words[0]!, a) &&
        (family === 4 ||
          (covers(prefix.length - 32, words[1]!, b) &&
            covers(prefix.length - 64, words[2]!, c) &&
            covers(prefix.length - 96, words[3]!, d)))
      )
        return device
    }
    return ""
  }

  const place = (flow: Flow) => {
    if (isOwnSource(flow)) {
      flow.direction = FROM_HOST
      flow.side = FROM_INSIDE
      flow.interface = deviceTowards(
        flow.family,
        flow.destination0,
        flow.destination1,
        flow.destination2,
        flow.destination3,
      )
      return
    }
    flow.direction = isOwnDestination(flow) || isToAll(flow) ? TOWARDS_HOST : THROUGH
    flow.interface = deviceTowards(flow.family, flow.source0, flow.source1, flow.source2, flow.source3)
    flow.side = flow.interface === "" || outside(flow.interface) ? FROM_OUTSIDE : FROM_INSIDE
  }

  return {
    place,
    placeByDevice(flow, input, output) {
      const device = networks.devices.get(input)
      if (device !== undefined) {
        flow.direction = isOwnDestination(flow) || isToAll(flow) ? TOWARDS_HOST : THROUGH
        flow.interface = device
        flow.side = outside(device) ? FROM_OUTSIDE : FROM_INSIDE
        return
      }
      place(flow)
      if (output !== 0 && flow.direction === FROM_HOST)
        flow.interface = networks.devices.get(output) ?? flow.interface
    },
    isBroadcast: (flow) =>
      flow.family === 4 && (flow.destination0 === 0xffffffff || broadcasts.has(flow.destination0)),
    isOwnSource,
    refresh() {
      networks = read()
      index()
    },
  }

  function index(): void {
    own4 = new Set()
    own6 = new Set()
    for (const { family, words } of networks.addresses) {
      if (family === 4) own4.add(words[0]!)
      else own6.add(key6(words[0]!, words[1]!, words[2]!, words[3]!))
    }
    broadcasts = new Set(networks.broadcasts.map(({ words }) => words[0]!))
    const guarded = policy()
      .zones.filter(({ incoming }) => incoming.length > 0)
      .flatMap(({ interfaces }) => interfaces)
    const exact = new Set(guarded.filter((name) => !name.endsWith("*")))
    const beginnings = guarded.filter((name) => name.endsWith("*")).map((name) => name.slice(0, -1))
    outside = (device) => exact.has(device) || beginnings.some((beginning) => device.startsWith(beginning))
  }
}

function covers(length: number, prefix: number, word: number): boolean {
  if (length <= 0) return true
  if (length >= 32) return prefix >>> 0 === word >>> 0
  return (prefix ^ word) >>> (32 - length) === 0
}

function key6(a: number, b: number, c: number, d: number): string {
  return `${a},${b},${c},${d}`
}
