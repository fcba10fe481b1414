import { type EnginePath, oneDevice } from "./path.js"
import type { Side } from "./subject.js"

/** Which of the engine's interfaces the name of a device means, as captures and packet scripts give it. */
export class Devices {
  readonly #sides: readonly Side[]
  readonly #named: ReadonlySet<string>

  constructor(sides: readonly Side[], path: EnginePath) {
    this.#sides = sides
    this.#named = new Set(path.interfaces.map(({ name }) => name))
  }

  /** Whether there is any device that the policy or the rules name. */
  get isAnyNamed(): boolean {
    return this.#sides.length > 0
  }

  /** The engine's name for it: a device of a side or of `--interface`, one that a side's `*` means, or a side's own name. Undefined: none. */
  known(name: string): string | undefined {
    if (this.#named.has(name)) return name
    const sides = this.#sides
    const pattern = sides.flatMap((side) => side.interfaces).find((device) => isMeant(device, name))
    const device = pattern ?? sides.find((side) => side.name === name)?.interfaces[0]
    return device === undefined ? undefined : oneDevice(device)
  }
}

function isMeant(pattern: string, name: string): boolean {
  return pattern.endsWith("*") && name.startsWith(pattern.slice(0, -1))
}
