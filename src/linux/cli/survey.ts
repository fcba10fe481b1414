import { existsSync, readFileSync } from "node:fs"
import { hostname } from "node:os"
import { fileURLToPath } from "node:url"
import { parseAddress, printAddress } from "../../core/base/address.js"
import { gatherFacts } from "../host/facts.js"
import { findSessions } from "../host/sessions.js"
import { socketOwners } from "../host/socket-owners.js"
import { isLoopback, readSockets, tcpState } from "../host/sockets.js"
import type { Environment } from "./output.js"
import type { Listener, Survey } from "./starter.js"

/** Looks at this host, for `init`: only reads, and what it may not read is left out. */
export function surveyHost(environment: Environment): Survey {
  const facts = gatherFacts()
  const administrators = findSessions(environment)
    .map(({ remote }) => remote.address)
    .filter((address) => !isLoopback(address))
    .map(printAddress)
  return {
    hostName: hostname(),
    defaultInterfaces: facts.defaultInterfaces,
    defaultRoutes: facts.defaultRoutes,
    listeners: listenersOf(facts.listening),
    resolvers: readResolvers(),
    administrators: [...new Set(administrators)].sort(),
    schema: schemaPath(),
  }
}

/** The policy's JSON Schema, from where the bundle lies (dist) and from where this file does. */
function schemaPath(): string | undefined {
  return ["..", "../../.."]
    .map((root) => fileURLToPath(new URL(`${root}/schema/policy.schema.json`, import.meta.url)))
    .find((path) => existsSync(path))
}

function listenersOf(listening: ReturnType<typeof gatherFacts>["listening"]): Listener[] {
  const owners = socketOwners()
  const programs = new Map<string, string>()
  for (const protocol of ["tcp", "udp"] as const) {
    for (const { local, state, inode } of readSockets(protocol)) {
      const owner = owners.get(inode)
      if (owner && (protocol === "udp" || state === tcpState.listen))
        programs.set(`${local.port}/${protocol}`, owner)
    }
  }
  return listening.flatMap(({ protocol, range }): Listener[] => {
    if (protocol === "any") return []
    const program = programs.get(`${range.from}/${protocol}`)
    // Docker's own listener for a published port, or none at all where only destination NAT is.
    const by = program === "docker-proxy" ? "published by a container" : program
    return [{ protocol, range, ...(by === undefined ? {} : { by }) }]
  })
}

/** The name servers of /etc/resolv.conf (resolv.conf(5)) that are not this host itself. */
export function readResolvers(path = "/etc/resolv.conf"): string[] {
  let text: string
  try {
    text = readFileSync(path, "utf8")
  } catch {
    return []
  }
  const found = [...text.matchAll(/^nameserver\s+([^\s%#]+)/gm)]
    .map(([, word = ""]) => parseAddress(word))
    .filter((address) => address !== undefined && !isLoopback(address))
    .map((address) => printAddress(address!))
  return [...new Set(found)]
}
