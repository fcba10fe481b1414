import { parseAddress, sameAddress } from "../../core/base/address.js"
import { socketOwners } from "./socket-owners.js"
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
  const live = liveConnections(readSockets("tcp"))
  // OpenSSH 9.8 and newer names the processes of a session sshd-session and sshd-auth.
  const owners = live.length === 0 ? new Map() : socketOwners((name) => name.startsWith("sshd"))
  const sessions = live
    .filter(({ inode }) => owners.has(inode))
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

function sameSession(left: Session, right: Session): boolean {
  return left.remote.port === right.remote.port && sameAddress(left.remote.address, right.remote.address)
}
