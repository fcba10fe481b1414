import { type Address, printAddress, sameAddress } from "../../core/base/address.js"
import { isProblem } from "../../core/base/diagnostic.js"
import { hostPrefix, overlaps, type Prefix, parsePrefix, printPrefix } from "../../core/base/prefix.js"
import type { HostFacts, Policy } from "../../core/policy/policy.js"
import { readResolvers } from "../host/resolvers.js"
import { outputOf } from "../host/run.js"
import { findSessions } from "../host/sessions.js"
import { liveConnections, readSockets } from "../host/sockets.js"

const loopback = ["127.0.0.0/8", "::1", "0.0.0.0/8"].flatMap((text) => {
  const prefix = parsePrefix(text)
  return isProblem(prefix) ? [] : [prefix]
})

/** Sessions are asked for again after so many milliseconds: each time every process's sockets are read. */
const sessionsFor = 5000

/**
 * Who is never blocked, whatever is detected or said: a function that gives a sentence why, or undefined. Of a prefix it asks whether anybody in it is such a one.
 */
export function neverBlockedBy(
  policy: () => Policy | undefined,
  facts: () => HostFacts,
  environment: Readonly<Record<string, string | undefined>>,
  clock: () => number = () => performance.now(),
  mayHaveSession: (source: Prefix) => boolean = () => true,
): (source: Prefix) => string | undefined {
  let sessions: readonly Address[] = []
  let asked = Number.NEGATIVE_INFINITY
  return (source) => {
    const near = (prefix: Prefix) => overlaps(prefix, source)
    const named = policy()?.neverBlock.find(near)
    if (named) return `never-block names ${printPrefix(named)}`
    if (loopback.some(near)) return "loopback is never blocked"
    const own = facts().addresses.find(near)
    if (own) return `${printPrefix(own)} is an address of this host`
    const spared = facts().spared?.find(near)
    if (spared) {
      const isResolver = readResolvers().some((address) => sameAddress(address, spared.address))
      return `${printPrefix(spared)} is ${isResolver ? "a resolver of this host" : "a default gateway"}`
    }
    // Reading every process's sockets takes longer than a block may take to be there.
    if (!mayHaveSession(source)) return undefined
    if (clock() - asked > sessionsFor) {
      asked = clock()
      sessions = findSessions(environment).map(({ remote }) => remote.address)
    }
    const admin = sessions.find((address) => near(hostPrefix(address)))
    return admin && `somebody administers this host from ${printAddress(admin)}`
  }
}

/** Whether the address has an established TCP connection with this host, or through it. */
export function hasLiveConnection(address: Address): boolean {
  if (liveConnections(readSockets("tcp")).some(({ remote }) => sameAddress(remote.address, address)))
    return true
  const text = printAddress(address)
  const family = address.family === 4 ? "ipv4" : "ipv6"
  return ["-s", "-d"].some((end) => {
    const listed = outputOf("conntrack", [
      "-L",
      "-f",
      family,
      "-p",
      "tcp",
      "--state",
      "ESTABLISHED",
      end,
      text,
    ])
    return listed !== undefined && listed.trim() !== ""
  })
}
