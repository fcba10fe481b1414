import type { Problem } from "../base/diagnostic.js"
import type { HostFacts } from "./policy.js"

/** Where a policy's other files and the host's facts come from: arguments, so that loading is the same in a daemon and in a browser tab. */
export interface PolicyEnvironment {
  /** The text of a file, or a sentence that says why not (`no such file`). */
  read(path: string): { readonly text: string } | { readonly problem: string }
  /** The paths that match a pattern with `*`, `?` or `[…]`. */
  glob(pattern: string): readonly string[]
  readonly host: HostFacts
}

/** A text and the path that diagnostics and relative paths go by. */
export interface PolicyText {
  readonly path: string
  readonly text: string
}

/** A path as written in `file`, which is relative to that file's folder. */
export function pathFrom(file: string, written: string): string {
  const folder = file.includes("/") ? file.slice(0, file.lastIndexOf("/") + 1) : ""
  const joined = written.startsWith("/") ? written : folder + written
  const parts: string[] = []
  for (const part of joined.split("/")) {
    const last = parts.at(-1)
    if (part === "." || (part === "" && parts.length > 0)) continue
    if (part === ".." && last !== undefined && last !== ".." && last !== "") parts.pop()
    else if (!(part === ".." && last === "")) parts.push(part)
  }
  return parts.join("/") || (joined.startsWith("/") ? "/" : ".")
}

/** Facts of a host about which nothing is known. */
export const unknownHost: HostFacts = {
  defaultInterfaces: [],
  defaultRoutes: 0,
  addresses: [],
  listening: [],
  ingressDevices: [],
  egress: false,
}

export function unreadable(path: string, why: string): Problem {
  return { id: "unreadable-file", message: `${path} cannot be read: ${why}` }
}

/** The host as iptables sees it: its first table stands at prerouting, and it asks no route for its interface. */
export function iptablesFacts(host: HostFacts): HostFacts {
  return { ...host, ingressDevices: [], egress: false, routesByInterface: false }
}
