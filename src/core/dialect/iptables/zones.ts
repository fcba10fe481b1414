import { devicesOverlap } from "./overlap.js"
import type { Found, Surroundings } from "./resolve.js"

/** A zone of the policy while it is made. */
export interface ZoneDraft {
  readonly name: string
  /** As a policy writes them; none: the device of the default route. */
  readonly devices: readonly string[]
  readonly members: readonly Found[]
}

/** Devices on which the same is asked are a zone. */
export function zonesOf(found: readonly Found[], { devices }: Surroundings): readonly ZoneDraft[] {
  const isEverywhere = found.every(
    ({ device, notDevices }) => device === undefined && notDevices.length === 0,
  )
  const anywhere = found.filter(({ device }) => device === undefined)
  const universe = widest([
    ...found.flatMap(({ device }) => (device === undefined ? [] : [device])),
    ...(anywhere.length > 0 ? devices : []),
  ])
  const classes = new Map<string, { devices: string[]; members: readonly Found[] }>()
  if (!isEverywhere)
    for (const device of universe) {
      const members = found.filter((each) => isAskedOn(each, device))
      // What stays open matters only where something is closed.
      if (members.every(({ claim }) => claim.opens)) continue
      const key = members.map((each) => found.indexOf(each)).join(" ")
      const known = classes.get(key)
      if (known === undefined) classes.set(key, { devices: [device], members })
      else known.devices.push(device)
    }
  if (classes.size === 0) return [{ name: "wan", devices: [], members: anywhere }]
  const ordered = [...classes.values()].sort((left, right) => right.members.length - left.members.length)
  return ordered.map((each, index) => ({
    name: index === 0 ? "wan" : zoneName(each.devices[0]!, index),
    devices: each.devices.map((device) => device.replace(/\+$/, "*")),
    members: each.members,
  }))
}

function isAskedOn({ device, notDevices }: Found, on: string): boolean {
  if (device !== undefined) return devicesOverlap(device, on)
  return !notDevices.some((other) => devicesOverlap(other, on))
}

/** Each device once: a name with + stands for those that it means. */
function widest(devices: readonly string[]): readonly string[] {
  const distinct = [...new Set(devices)]
  return distinct.filter(
    (device) =>
      !distinct.some(
        (other) =>
          other !== device &&
          other.endsWith("+") &&
          other.length <= device.length &&
          devicesOverlap(other, device),
      ),
  )
}

function zoneName(device: string, index: number): string {
  const name = device.toLowerCase().replace(/[^a-z0-9_-]/g, "")
  return /^[a-z]/.test(name) && name !== "wan" ? name : `zone${index + 1}`
}
