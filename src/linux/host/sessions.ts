import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { parseAddress, sameAddress } from "../../core/base/address.js"
import { type Endpoint, liveConnections, readSockets, type Socket } from "./sockets.js"

/** A connection that somebody administers this host through. */
export interface Session {
  /** Where the administrator sits. */
  readonly remote: Endpoint
  /** Where he came in: his next connection goes to the same place. */
  readonly local: Endpoint
  readonly from: "sshd" | "SSH_CONNECTION"
}

/**
 * The live SSH sessions of this network namespace: established connections that an sshd process holds, found through /proc by inode
 * (sudo strips SSH_CONNECTION, and a colleague's session counts as well), and the one that SSH_CONNECTION tells of.
 */
export function findSessions(environment: Readonly<Record<string, string | undefined>>): readonly Session[] {
  const held = socketsOf(/^sshd/)
  const sessions = liveConnections(readSockets("tcp"))
    .filter(({ inode }) => held.has(inode))
    .map(({ local, remote }: Socket): Session => ({ local, remote, from: "sshd" }))
  const own = parseSshConnection(environment["SSH_CONNECTION"])
  if (own && !sessions.some((session) => sameSession(session, own))) sessions.push(own)
  return sessions
}

/** `client-address client-port server-address server-port` (ssh(1), ENVIRONMENT). */
export function parseSshConnection(text: string | undefined): Session | undefined {
  const [clientAddress = "", clientPort, serverAddress = "", serverPort] = (text ?? "").trim().split(/\s+/)
  // A link-local address bears its zone: fe80::1%eth0.
  const remote = parseAddress(clientAddress.replace(/%.*$/, ""))
  const local = parseAddress(serverAddress.replace(/%.*$/, ""))
  if (!remote || !local) return undefined
  return {
    remote: { address: remote, port: Number(clientPort) },
    local: { address: local, port: Number(serverPort) },
    from: "SSH_CONNECTION",
  }
}

/** Inodes of the sockets that processes of this name hold. OpenSSH 9.8 and newer calls them sshd-session and sshd-auth. */
export function socketsOf(name: RegExp, folder = "/proc"): ReadonlySet<number> {
  const inodes = new Set<number>()
  for (const process of readFolder(folder).filter((entry) => /^\d+$/.test(entry))) {
    if (!name.test(readName(`${folder}/${process}/comm`))) continue
    for (const file of readFolder(`${folder}/${process}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(readLink(`${folder}/${process}/fd/${file}`))?.[1]
      if (inode !== undefined) inodes.add(Number(inode))
    }
  }
  return inodes
}

function sameSession(left: Session, right: Session): boolean {
  return left.remote.port === right.remote.port && sameAddress(left.remote.address, right.remote.address)
}

/** Processes end while they are looked at: what cannot be read is empty. */
function readFolder(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function readName(path: string): string {
  try {
    return readFileSync(path, "utf8").trim()
  } catch {
    return ""
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ""
  }
}
