import type { Interfaces } from "../../core/engine/interfaces.js"
import type { Capture } from "../../core/packet/capture.js"
import type { Devices } from "./devices.js"

/**
 * Which interface the device is that a capture names (pcapng). A capture of this policy's host names a device of a zone; its other devices are
 * then in no zone, and not looked at. Where it names none of them, or `--interface` says what lies where, the name says nothing.
 */
export class CaptureDevices {
  /** Devices of captures that the policy does not know, and whose packets are taken for its first interface's. */
  readonly strange = new Set<string>()
  readonly #devices: Devices
  readonly #interfaces: Interfaces
  readonly #isSaid: boolean
  readonly #names = new Map<string, string>()
  /** The packet before mostly came from the same device. */
  #lastCapture: Capture | undefined
  #lastIndex = -1
  #lastName = ""

  constructor(devices: Devices, interfaces: Interfaces, isSaid: boolean) {
    this.#devices = devices
    this.#interfaces = interfaces
    this.#isSaid = isSaid
  }

  /** The engine's name of it, or "": the capture does not say. */
  nameOf(interfaceIndex: number, capture: Capture): string {
    if (interfaceIndex === this.#lastIndex && capture === this.#lastCapture) return this.#lastName
    const name = this.#nameOf(interfaceIndex, capture)
    this.#lastCapture = capture
    this.#lastIndex = interfaceIndex
    this.#lastName = name
    return name
  }

  #nameOf(interfaceIndex: number, capture: Capture): string {
    const captured = capture.interfaces[interfaceIndex]?.name ?? ""
    // "any" is all devices at once, as tcpdump and dumpcap name it.
    if (captured === "" || captured === "any") return ""
    const before = this.#names.get(captured)
    if (before !== undefined) return before
    const name = this.#look(captured, capture)
    this.#names.set(captured, name)
    return name
  }

  #look(captured: string, capture: Capture): string {
    const known = this.#devices.known(captured)
    if (known !== undefined) return known
    if (this.#isSaid) return ""
    if (capture.interfaces.some(({ name = "" }) => name !== "" && this.#devices.known(name) !== undefined)) {
      this.#interfaces.index(captured)
      return captured
    }
    // Rules that name no device ask nothing of this one either.
    if (this.#devices.isAnyNamed) this.strange.add(captured)
    return ""
  }
}
