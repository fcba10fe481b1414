import { printAddress } from "../../core/base/address.js"
import { admitted4, admitted6, warmUp } from "../../core/policy/first-apply.js"
import type { Ruleset } from "../../core/ruleset/ruleset.js"
import { liveConnections, readSockets, type Socket } from "./sockets.js"

/**
 * As long as conntrack itself would keep a connection that says nothing (nf_conntrack_tcp_timeout_established, five days): an SSH session that was
 * opened before the first apply may be idle for long.
 */
const ADMITTED_FOR = "5d"

export interface FirstApply {
  /** Lines for the end of the transaction that loads the rules. */
  readonly text: string
  /** Connections of this host that are let in by name. */
  readonly admitted: number
  /** Those that had no room. */
  readonly left: number
}

/**
 * What an apply adds to its transaction when conntrack is not on yet, so that no connection of now is cut: connections of this host by their
 * addresses and ports, and a warm-up, timed by the kernel, in which packets of unknown connections count and pass, so that conntrack learns those
 * that are forwarded. Both are in the same transaction as the rules, so nothing has to happen later and no process has to live.
 */
export function firstApplyLines(
  ruleset: Ruleset,
  warmUpSeconds: number,
  sockets: readonly Socket[] = readSockets("tcp"),
): FirstApply {
  const live = liveConnections(sockets)
  const lines: string[] = []
  let admitted = 0
  for (const { family, name, sets } of ruleset.tables) {
    const has = (set: string) => sets.some((declared) => declared.name === set)
    const place = `${family} ${name}`
    for (const { set, width } of [
      { set: admitted4, width: 4 },
      { set: admitted6, width: 6 },
    ]) {
      if (!has(set.name)) continue
      const room = (set.size ?? 0) / 2
      const mine = live.filter(({ local }) => local.address.family === width).slice(0, room)
      admitted += mine.length
      // Both directions: what leaves may be judged as well.
      const keys = mine.flatMap(({ local, remote }) => [keyOf(remote, local), keyOf(local, remote)])
      if (keys.length > 0) lines.push(...renewed(place, set.name, keys, ADMITTED_FOR))
    }
    if (has(warmUp.name) && warmUpSeconds > 0) {
      lines.push(...renewed(place, warmUp.name, ["ipv4", "ipv6"], `${Math.ceil(warmUpSeconds)}s`))
    }
  }
  return { text: lines.map((line) => `${line}\n`).join(""), admitted, left: live.length - admitted }
}

/**
 * Adding an element that is there refreshes its time on new kernels only: so it is added without a time, which is no error if it is there, deleted, and added.
 */
function renewed(place: string, set: string, keys: readonly string[], timeout: string): string[] {
  const all = keys.join(", ")
  return [
    `add element ${place} ${set} { ${all} }`,
    `delete element ${place} ${set} { ${all} }`,
    `add element ${place} ${set} { ${keys.map((key) => `${key} timeout ${timeout}`).join(", ")} }`,
  ]
}

function keyOf(source: Socket["local"], destination: Socket["local"]): string {
  const end = ({ address, port }: Socket["local"]) => `${printAddress(address)} . ${port}`
  return `${end(source)} . ${end(destination)}`
}
