import { printAddress } from "../../core/base/address.js"
import { conntrackIsOn } from "../host/conntrack.js"
import { type Cut, deviceTo, type RehearsedSession, rehearse } from "../host/rehearsal.js"
import { outputOf } from "../host/run.js"
import { findSessions } from "../host/sessions.js"
import { isLoopback, printEndpoint } from "../host/sockets.js"
import type { CompiledHere } from "./compile-here.js"
import type { Io } from "./output.js"

/** The sessions whose packets the rules could stop; those within this host they do not see. */
export function rehearsable(environment: Io["environment"]): readonly RehearsedSession[] {
  return findSessions(environment)
    .filter(({ remote }) => !isLoopback(remote.address))
    .flatMap((session) => {
      const device = deviceTo(printAddress(session.remote.address), (address) =>
        outputOf("ip", ["-j", "route", "get", address]),
      )
      return device === undefined || device === "lo" ? [] : [{ ...session, device }]
    })
}

export function rehearseAll(
  { ruleset, facts }: Pick<CompiledHere, "ruleset" | "facts">,
  sessions: readonly RehearsedSession[],
): readonly Cut[] {
  if (sessions.length === 0) return []
  return rehearse(ruleset, sessions, {
    addresses: facts.addresses.map(({ address }) => address),
    conntrackIsOn: conntrackIsOn(),
  })
}

/** What would be cut, in a sentence. */
export function describeCut({ session, what, number, origin }: Cut): string {
  const from = printAddress(session.remote.address)
  const whose =
    what === "live session"
      ? `the live session ${printEndpoint(session.remote)} to port ${session.local.port}`
      : `new connection ${number} of 3 from ${from} to port ${session.local.port}, where an administrator is connected now`
  return origin?.text ? `${whose}: ${origin.text}` : whose
}
