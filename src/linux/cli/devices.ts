import type { Policy } from "../../core/policy/policy.js"
import type { EnginePath } from "./path.js"
import { oneDevice } from "./path.js"

/** Which of the engine's interfaces the name of a device means, as captures and packet scripts give it. */
export class Devices {
  readonly #policy: Policy
  readonly #named: ReadonlySet<string>

  constructor(policy: Policy, path: EnginePath) {
    this.#policy = policy
    this.#named = new Set(path.interfaces.map(({ name }) => name))
  }

  /** The engine's name for it: a device of a zone or of `--interface`, one that a zone's `*` means, or a zone's own name. Undefined: none. */
  known(name: string): string | undefined {
    if (this.#named.has(name)) return name
    const { zones } = this.#policy
    const pattern = zones.flatMap((zone) => zone.interfaces).find((device) => isMeant(device, name))
    const device = pattern ?? zones.find((zone) => zone.name === name)?.interfaces[0]
    return device === undefined ? undefined : oneDevice(device)
  }

  /** `wan: eth0; lan: eth1, br-*`, for people. */
  get zonesText(): string {
    return this.#policy.zones.map(({ name, interfaces }) => `${name}: ${interfaces.join(", ")}`).join("; ")
  }
}

function isMeant(pattern: string, name: string): boolean {
  return pattern.endsWith("*") && name.startsWith(pattern.slice(0, -1))
}
