import { didYouMean } from "../base/nearest.js"
import type { Origin } from "../ruleset/origin.js"
import type { HostFacts } from "./policy.js"
import type { Report } from "./report.js"
import { describe, flowText, type MapEntry, type Node, type ScalarNode } from "./tree.js"

/** A zone as `interfaces` names it. */
export interface NamedInterfaces {
  readonly name: string
  readonly interfaces: readonly string[]
  /** It holds a device of a default route, as far as is known. */
  readonly facesInternet: boolean
  readonly origin: Origin
}

/** IFNAMSIZ, less the zero at the end (net/core/dev.c, dev_valid_name: no slash, no colon, no space, not `.` or `..`). */
const deviceLengthMaximum = 15

/** Reads `interfaces: { wan: auto, lan: [eth1, br-*] }`. */
export function readInterfaces(node: Node, host: HostFacts, report: Report): NamedInterfaces[] {
  if (node.kind !== "map") {
    const id = node.kind === "empty" ? "empty-value" : "wrong-kind"
    report.error(id, node.span, `interfaces is a map of zones, not ${describe(node)}`, {
      hint: "interfaces: { wan: auto }",
    })
    return []
  }
  const taken: { readonly device: string; readonly zone: string; readonly node: ScalarNode }[] = []
  return node.entries.map((entry, index) => {
    const { key, value } = entry
    if (!/^[a-z][a-z0-9_-]{0,30}$/i.test(key.text)) {
      report.error("bad-name", key.span, `"${key.text}" cannot be the name of a zone`, {
        hint: "a name begins with a letter and has up to 31 letters, digits, - and _",
      })
    }
    const devices: string[] = []
    for (const written of words(value, key.text, report)) {
      for (const device of resolve(written, host, report)) {
        const first = taken.find((other) => overlap(other.device, device))
        if (first && first.zone !== key.text) {
          report.error(
            "device-in-two-zones",
            written.span,
            `${device} is in ${first.zone} and in ${key.text}`,
            {
              related: { span: first.node.span, message: "first named here" },
              hint: "a device belongs to one zone, for a packet has one set of protections",
            },
          )
        }
        taken.push({ device, zone: key.text, node: written })
        if (!devices.includes(device)) devices.push(device)
      }
    }
    return {
      name: key.text,
      interfaces: devices,
      facesInternet: facesInternet(devices, index, host),
      origin: originOf(entry),
    }
  })
}

function originOf({ key, value }: MapEntry): Origin {
  return { span: key.span, zone: key.text, text: `${key.text}: ${flowText(value)}` }
}

function words(node: Node, zone: string, report: Report): ScalarNode[] {
  if (node.kind === "scalar") return [node]
  if (node.kind === "list" && node.items.length > 0)
    return node.items.flatMap((item) => words(item, zone, report))
  const id = node.kind === "map" ? "wrong-kind" : "empty-value"
  const message =
    node.kind === "map" ? `${zone} takes the names of devices, not a map` : `${zone} names no device`
  report.error(id, node.span, message, { hint: `${zone}: auto, ${zone}: eth0, or ${zone}: [eth0, br-*]` })
  return []
}

function resolve(written: ScalarNode, host: HostFacts, report: Report): readonly string[] {
  const { text, span } = written
  if (text === "auto") {
    if (host.defaultInterfaces.length > 0) return host.defaultInterfaces
    report.error(
      "no-default-route",
      span,
      "auto is the device of the default route, and no default route is known",
      {
        hint: "name the device, such as eth0",
      },
    )
    return []
  }
  const name = text.endsWith("*") ? text.slice(0, -1) : text
  const isDevice =
    name.length <= deviceLengthMaximum && !/[/:\s*,]/.test(name) && name !== "." && name !== ".."
  if (isDevice && text !== "") return [text]
  const hint = /[,\s]/.test(text)
    ? "several devices are a list: [eth0, eth1]"
    : name.length > deviceLengthMaximum
      ? `a name has at most ${deviceLengthMaximum} characters`
      : (didYouMean(text, ["auto"]) ?? "a * stands only at the end: br-*")
  report.error("not-a-device", span, `"${text}" is not the name of a device`, { hint })
  return []
}

/** Whether some device has both names; a trailing `*` stands for any rest. */
export function overlap(left: string, right: string): boolean {
  if (left.endsWith("*") && right.endsWith("*")) {
    const [a, b] = [left.slice(0, -1), right.slice(0, -1)]
    return a.startsWith(b) || b.startsWith(a)
  }
  if (left.endsWith("*")) return right.startsWith(left.slice(0, -1))
  return right.endsWith("*") ? left.startsWith(right.slice(0, -1)) : left === right
}

/** Where nothing is known of the host, the first zone is taken for the outside, as replay does. */
function facesInternet(devices: readonly string[], index: number, host: HostFacts): boolean {
  if (host.defaultInterfaces.length === 0) return index === 0
  return devices.some((device) => host.defaultInterfaces.some((outside) => overlap(device, outside)))
}
