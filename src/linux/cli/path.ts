import type { Address } from "../../core/base/address.js"
import type { EngineOptions } from "../../core/engine/engine.js"
import type { InterfaceRoutes } from "../../core/engine/routes.js"
import type { HostFacts } from "../../core/policy/policy.js"
import type { PathOptions } from "./replay-options.js"
import type { Subject } from "./subject.js"

export interface EnginePath extends EngineOptions {
  readonly firstInterface: string
  readonly interfaces: readonly InterfaceRoutes[]
  readonly local: readonly Address[]
}

/** Where packets arrive and leave, as the words say it and the subject names its devices. */
export function enginePath(subject: Subject, options: PathOptions): EnginePath {
  return {
    firstInterface: subject.firstInterface,
    interfaces: interfacesOf(subject, options),
    local: localAddresses(options),
    settings: Object.fromEntries(options.sysctl ?? []),
    iptablesNft: subject.iptablesNft,
    random: reproducible(),
  }
}

export function localAddresses(options: PathOptions): readonly Address[] {
  return (options.local ?? []).flat().map((prefix) => prefix.address)
}

/** What the policy may know of the firewall: its addresses are those that the words say, if they say any. */
export function hostOf(host: HostFacts, options: PathOptions): HostFacts {
  return options.local ? { ...host, addresses: options.local.flat() } : host
}

/** One device of those that a trailing `*` stands for. */
export function oneDevice(name: string): string {
  return name.replace(/\*$/, "0")
}

/** The interfaces of all sides, one for each wildcard, and what lies behind them where the words say it. */
export function interfacesOf(
  { sides }: Pick<Subject, "sides">,
  options: PathOptions,
): readonly InterfaceRoutes[] {
  const devices = sides.flatMap(({ interfaces }) => interfaces.map(oneDevice))
  const chosen = (options.interface ?? []).map(({ name, prefixes, others }): InterfaceRoutes => {
    const side = devices.includes(name) ? undefined : sides.find((each) => each.name === name)
    const device = side?.interfaces[0]
    return {
      name: device === undefined ? name : oneDevice(device),
      networks: others ? ["default"] : prefixes,
    }
  })
  const unnamed = [...new Set(devices)].filter((device) => !chosen.some(({ name }) => name === device))
  return [...chosen, ...unnamed.map((name) => ({ name, networks: [] }))]
}

/** The same numbers in every run, so that the same capture gives the same verdicts (mulberry32). */
export function reproducible(): (below: number) => number {
  let state = 0x9e3779b9
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000) * below)
  }
}
