import type { Scope } from "./model.js"

/** Devices that the same interfaces and routers name. */
export interface ZoneDevices {
  readonly name: string
  readonly devices: readonly string[]
  /** For which their packets arrive. */
  readonly arriving: readonly Scope[]
  /** Routers that they lie behind: where packets of `reverse` and `client` arrive. */
  readonly behind: readonly Scope[]
}

/**
 * What `any` stands for: kinds of device by their usual names. Not loopback, which FireHOL always lets pass, and not the bridges of containers (docker0, br-…): they
 * have rules of their own, and closed they would cut containers off.
 */
export const anyDevice: readonly string[] = [
  "eth*",
  "en*",
  "wl*",
  "ww*",
  "ppp*",
  "tun*",
  "tap*",
  "wg*",
  "br0",
  "br1",
  "bond*",
  "vlan*",
  "usb*",
  "ib*",
]

/** FireHOL's spelling of a device in the policy's; undefined: no device can have the name. */
export function deviceOf(word: string): string | undefined {
  const device = word.replace(/\+$/, "*")
  const name = device.replace(/\*$/, "")
  const isName =
    /^[^/:\s*,!$"'()]{0,15}$/.test(name) && device !== "*" && device !== "" && name !== "." && name !== ".."
  return isName ? device : undefined
}

export function isAny(word: string): boolean {
  return word === "any" || word === "all" || word === "+" || word === "*"
}

export interface Zones {
  readonly zones: readonly ZoneDevices[]
  /** Devices of an `any` or a pattern that no zone holds, for another zone names one of them. */
  readonly left: ReadonlyMap<Scope, readonly string[]>
}

/** A device is in one zone: zones are the devices that the same words name. */
export function zonesOf(scopes: readonly Scope[]): Zones {
  const named = new Set<string>()
  for (const scope of scopes) {
    for (const word of [...scope.devices, ...scope.leaving]) {
      const device = isAny(word) ? undefined : deviceOf(word)
      if (device !== undefined) named.add(device)
    }
  }
  const signatures = new Map<string, { devices: string[]; arriving: Set<Scope>; behind: Set<Scope> }>()
  const left = new Map<Scope, readonly string[]>()
  const byDevice = new Map<string, { arriving: Set<Scope>; behind: Set<Scope> }>()
  const add = (word: string, scope: Scope, role: "arriving" | "behind") => {
    const { devices, missing } = resolve(word, named)
    if (missing.length > 0) left.set(scope, missing)
    for (const device of devices) {
      const entry = byDevice.get(device) ?? { arriving: new Set(), behind: new Set() }
      byDevice.set(device, entry)
      entry[role].add(scope)
    }
  }
  for (const scope of scopes) {
    for (const word of scope.devices) add(word, scope, "arriving")
    for (const word of scope.leaving) add(word, scope, "behind")
  }
  // A router that names no device is for all.
  for (const entry of byDevice.values()) {
    for (const scope of scopes) {
      if (scope.kind !== "router") continue
      if (scope.devices.length === 0) entry.arriving.add(scope)
      if (scope.leaving.length === 0) entry.behind.add(scope)
    }
  }
  if (byDevice.size === 0 && scopes.some(({ kind }) => kind === "router")) {
    const routers = new Set(scopes)
    for (const device of anyDevice) byDevice.set(device, { arriving: routers, behind: routers })
  }
  const number = new Map(scopes.map((scope, index) => [scope, index]))
  for (const [device, { arriving, behind }] of byDevice) {
    const key = [...arriving, "/", ...behind]
      .map((scope) => (scope === "/" ? scope : number.get(scope as Scope)))
      .join(" ")
    const entry = signatures.get(key) ?? { devices: [], arriving, behind }
    entry.devices.push(device)
    signatures.set(key, entry)
  }
  const names = new Set<string>()
  const zones = [...signatures.values()].map(({ devices, arriving, behind }) => ({
    name: nameOf([...arriving], [...behind], devices, names),
    devices,
    arriving: [...arriving],
    behind: [...behind],
  }))
  return { zones, left }
}

/** A word's devices; patterns without those that stand elsewhere by name. */
function resolve(
  word: string,
  named: ReadonlySet<string>,
): { devices: readonly string[]; missing: readonly string[] } {
  if (isAny(word)) return withoutNamed(anyDevice, named)
  const device = deviceOf(word)
  if (device === undefined) return { devices: [], missing: [] }
  return device.endsWith("*") ? withoutNamed([device], named) : { devices: [device], missing: [] }
}

function withoutNamed(patterns: readonly string[], named: ReadonlySet<string>) {
  const devices: string[] = []
  const missing: string[] = []
  for (const pattern of patterns) {
    if (!pattern.endsWith("*")) {
      if (!named.has(pattern)) devices.push(pattern)
      continue
    }
    const stem = pattern.slice(0, -1)
    const inside = [...named].filter((name) => name !== pattern && overlaps(name, pattern))
    if (inside.length === 0) devices.push(pattern)
    // eth1 is taken: eth0 and eth2 to eth9 are left.
    else if (inside.every((name) => /^\d$/.test(name.slice(stem.length)) && name.startsWith(stem))) {
      for (let digit = 0; digit <= 9; digit++)
        if (!inside.includes(`${stem}${digit}`)) devices.push(`${stem}${digit}`)
    } else missing.push(pattern)
  }
  return { devices, missing }
}

function overlaps(left: string, right: string): boolean {
  const [a, b] = [left.replace(/\*$/, ""), right.replace(/\*$/, "")]
  return (right.endsWith("*") && a.startsWith(b)) || (left.endsWith("*") && b.startsWith(a))
}

/** The first interface's name, in the letters that a zone's name may have. */
function nameOf(
  arriving: readonly Scope[],
  behind: readonly Scope[],
  devices: readonly string[],
  taken: Set<string>,
): string {
  const own = arriving.find(({ kind }) => kind === "interface")
  const written =
    own?.name ?? (devices.length === 1 ? devices[0]! : (arriving[0] ?? behind[0])?.name) ?? "zone"
  const letters = written
    .replace(/[^A-Za-z0-9_-]+/g, "-")
    .replace(/^[^A-Za-z]+/, "")
    .slice(0, 31)
  const stem = letters === "" ? "zone" : letters
  let name = stem
  for (let number = 2; taken.has(name); number++) name = `${stem.slice(0, 27)}-${number}`
  taken.add(name)
  return name
}
