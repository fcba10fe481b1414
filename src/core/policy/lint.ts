import type { Diagnostic } from "../base/diagnostic.js"
import type { DiagnosticId } from "../base/diagnostic-ids.js"
import { contains, type Prefix, printPrefix } from "../base/prefix.js"
import { perSecond } from "../base/rate.js"
import type { Origin } from "../ruleset/origin.js"
import { Kinds } from "./kinds.js"
import { isOpenedToSome, letsIn, lintOpenings, meet, openingPorts } from "./lint-openings.js"
import { printPhrase } from "./phrase.js"
import type { HostFacts, PacketPhrase, Policy, Protection, Zone } from "./policy.js"
import { printPort } from "./port-list.js"
import type { ProtectionKind } from "./protection.js"
import { protectionKinds } from "./protections/index.js"
import { inOrder } from "./report.js"

/** What is allowed and perhaps not meant. `check` tells it, and `check --strict` fails. */
export function lintPolicy(
  policy: Policy,
  host: HostFacts,
  kinds: readonly ProtectionKind[] = protectionKinds,
): Diagnostic[] {
  const context: LintContext = { policy, host, kinds: new Kinds(kinds) }
  const found = [
    ...policy.zones.flatMap((zone) => lintZone(zone, context)),
    ...lintBypass(policy),
    ...lintWhole(policy),
  ]
  return inOrder(found, policy.files)
}

interface LintContext {
  readonly policy: Policy
  readonly host: HostFacts
  readonly kinds: Kinds
}

function lint(id: DiagnosticId, origin: Origin, message: string, hint?: string): Diagnostic {
  return { id, severity: "lint", message, span: origin.span, ...(hint && { hint }) }
}

function lintZone(zone: Zone, context: LintContext): Diagnostic[] {
  const all = [...zone.incoming, ...zone.outgoing]
  return [
    ...all.flatMap((protection) => [
      ...lintLimit(protection),
      ...lintHarm(protection, context),
      ...lintBlock(protection),
      ...lintExceptions(protection),
      ...lintList(protection, context.host),
      ...lintOpenings(protection),
    ]),
    ...lintPorts(zone, context.host),
  ]
}

/**
 * What one honest browser needs from a host that serves web pages: six connections to a name (RFC 9112 leaves the number open; Firefox and Chrome use 6),
 * to both families at once, with a retry.
 */
const browserConnections = 12

/** Limits of new connections, by the words of the policy. */
const countsConnections = new Set(["syn-floods", "all-floods", "connection-rate", "connections"])

function lintLimit({ name, limit, per, ports, action, origin }: Protection): Diagnostic[] {
  if (!limit || action === "notify") return []
  if (per.kind === "everyone") {
    return [
      lint(
        "limit-starves",
        origin,
        `${name} counts everyone together, so one attacker uses up the limit for all`,
        "per: source gives each source a limit of its own",
      ),
    ]
  }
  // A port of its own may well serve something else than pages.
  if (!countsConnections.has(name) || ports.length > 0) return []
  const atOnce =
    limit.form === "count" ? limit.count : limit.form === "rate" ? limit.burst : Number.POSITIVE_INFINITY
  if (atOnce >= browserConnections) return []
  return [
    lint(
      "limit-starves",
      origin,
      `${name} allows a source ${atOnce} connections at once, and one browser opens up to ${browserConnections}`,
      "several people may share an address, too",
    ),
  ]
}

/** Settings under which honest traffic is certain to be harmed; the manual of the kind says how. */
const harms: Readonly<Record<string, (protection: Protection, host: HostFacts) => string | undefined>> = {
  invalid: answersElsewhere,
  "new-tcp-without-syn": answersElsewhere,
  fragments: ({ options }) =>
    Object.values(options).some((value) => String(value).startsWith("tiny"))
      ? undefined
      : "all fragments are dropped: large DNS answers, IKE and NFS over UDP need them",
  "small-mss": ({ options }) =>
    Object.values(options).some((value) => Number(value) >= 536)
      ? "clients behind tunnels announce an MSS below 536"
      : undefined,
  "kura-flooding-protection": () => "Kura's rules stop ping, path-MTU discovery and SYNs without an MSS",
  "all-floods": ({ limit, per }) =>
    limit?.form === "rate" && perSecond(limit.rate) < 20 && per.kind === "source"
      ? "a resolver or a mail server asks more often than that"
      : undefined,
}

function answersElsewhere(_protection: Protection, { defaultRoutes }: HostFacts): string | undefined {
  return defaultRoutes > 1
    ? `with ${defaultRoutes} default routes, answers may arrive another way than questions left`
    : undefined
}

function lintHarm(protection: Protection, { host, kinds }: LintContext): Diagnostic[] {
  if (protection.action === "notify" || !Object.hasOwn(harms, protection.name)) return []
  const reason = harms[protection.name]!(protection, host)
  if (!reason) return []
  const manual = kinds.find(protection.name)?.manual.harms
  return [
    lint(
      "harms-honest-traffic",
      protection.origin,
      `${protection.name} harms honest traffic: ${reason}`,
      manual || "action: notify shows whom, before anything is dropped",
    ),
  ]
}

function lintBlock({ name, action, per, origin }: Protection): Diagnostic[] {
  if (action !== "block" || per.kind === "everyone" || (per.ipv4 >= 24 && per.ipv6 >= 48)) return []
  const wide = per.ipv4 < 24 ? `/${per.ipv4} of IPv4` : `/${per.ipv6} of IPv6`
  return [
    lint(
      "blocks-neighbours",
      origin,
      `${name} keeps out a whole ${wide} for what one host in it does`,
      "a provider's customers share such a prefix: take a longer one, or action: drop",
    ),
  ]
}

function lintExceptions({ name, exceptions }: Protection): Diagnostic[] {
  const seen = new Map<string, Origin>()
  const wide: { readonly host: Prefix; readonly origin: Origin }[] = []
  const holding = (host: Prefix) => (other: { readonly host: Prefix }) => contains(other.host, host)
  return exceptions.flatMap(({ hosts, written, origin }) => {
    const who = written ?? hosts.map(printPrefix).join(", ")
    if (hosts.length === 0) {
      return [lint("exception-for-nobody", origin, `"${who}" holds no address, so this is for nobody`)]
    }
    const found: Diagnostic[] = []
    const isCompared = wide.length * hosts.length <= comparedMaximum ** 2
    for (const host of hosts) {
      const text = printPrefix(host)
      const first = seen.get(text)
      if (first && found.length === 0) {
        found.push({
          ...lint("shadowed-entry", origin, `${text} has a limit of its own in ${name} already`),
          related: { span: first.span, message: "first written here" },
        })
      }
      const wider = first || !isCompared ? undefined : wide.find(holding(host))
      if (wider && found.length === 0) {
        const message = `${text} has the limit of ${printPrefix(wider.host)} in ${name} already: the first entry that holds a host is the host's`
        found.push({
          ...lint("shadowed-entry", origin, message, "write the narrower one first"),
          related: { span: wider.origin.span, message: "written here" },
        })
      }
      if (!first) seen.set(text, origin)
    }
    for (const host of hosts.slice(0, comparedMaximum)) wide.push({ host, origin })
    return found
  })
}

function lintList({ name, prefixes, written, origin }: Protection, host: HostFacts): Diagnostic[] {
  if (written === undefined) return []
  if (prefixes.length === 0) return [lint("exception-for-nobody", origin, `${name} holds no address`)]
  const everyone = prefixes.find(({ length }) => length === 0)
  if (everyone)
    return [lint("lists-yourself", origin, `${name} holds ${printPrefix(everyone)}, which is everybody`)]
  const sessions = (host.sessions ?? []).map(({ from }) => from)
  const own = [...host.addresses.map(({ address }) => address), ...sessions]
  for (const address of own) {
    const holding = prefixes.find((prefix) => contains(prefix, address))
    if (!holding) continue
    const who = sessions.includes(address)
      ? "the address that you are logged in from"
      : "an address of this host"
    const hint = "take it off the list, or put a bypass before it"
    return [lint("lists-yourself", origin, `${name} holds ${printPrefix(holding)}, and in it ${who}`, hint)]
  }
  return []
}

function lintPorts(zone: Zone, host: HostFacts): Diagnostic[] {
  const found: Diagnostic[] = []
  const open = zone.incoming.find(({ name }) => name === "open")
  const opened = open ? [...open.ports, ...openingPorts(open)] : []
  if (open && open.action !== "notify") {
    const cut = (host.sessions ?? []).filter((session) => !letsIn(open, session, host))
    for (const port of new Set(cut.map((session) => session.port))) {
      const message = `open leaves out port ${port}, which you are logged in on: after this connection there is no next one`
      found.push(
        lint(
          "closes-your-session",
          open.origin,
          message,
          `open: [${[...open.ports.map(printPort), `${port}/tcp`].join(", ")}]`,
        ),
      )
    }
  }
  for (const protection of zone.incoming.filter(({ name }) => name === "decoy-ports")) {
    for (const port of protection.ports) {
      const listening = host.listening.find((other) => meet(other, port))
      const listed = opened.find((other) => meet(other, port))
      if (listening || listed) {
        const why = listed ? "is listed under open" : "is listened on here"
        found.push(
          lint(
            "decoy-port-in-use",
            protection.origin,
            `the decoy port ${printPort(port)} ${why}: honest clients would be kept out`,
          ),
        )
      }
    }
  }
  if (!open || open.action === "notify") return found
  for (const protection of zone.incoming.filter(({ name }) => name === "port-floods")) {
    for (const port of protection.ports) {
      if (isOpenedToSome(open, port)) continue
      const message = `${printPort(port)} is not listed under open, so nothing gets as far as this limit`
      found.push(lint("shadowed-entry", protection.origin, message))
    }
  }
  return found
}

function lintBypass({ bypass }: Policy): Diagnostic[] {
  return bypass.flatMap(({ phrase, origin }, index) => {
    const everything = !phrase.protocol && !phrase.ports && !phrase.from && !phrase.to
    const wider = bypass.slice(0, index).find((other) => includes(other.phrase, phrase))
    if (wider) {
      const message = `what "${printPhrase(phrase)}" means is past everything already by "${printPhrase(wider.phrase)}"`
      return [
        {
          ...lint("shadowed-entry", origin, message),
          related: { span: wider.origin.span, message: "written here" },
        },
      ]
    }
    return everything
      ? [
          lint(
            "bypasses-everything",
            origin,
            `"${printPhrase(phrase)}" lets every such packet past all protections`,
          ),
        ]
      : []
  })
}

/** Whether all packets of the narrow phrase are packets of the wide one. */
function includes(wide: PacketPhrase, narrow: PacketPhrase): boolean {
  const same = <Value>(left: Value | undefined, right: Value | undefined) =>
    left === undefined || left === right
  if (
    wide.direction !== narrow.direction ||
    !same(wide.zone, narrow.zone) ||
    !same(wide.protocol, narrow.protocol)
  ) {
    return false
  }
  const ports = narrow.ports
  const portsInside =
    !wide.ports ||
    (ports?.every(({ from, to }) => wide.ports!.some((range) => range.from <= from && to <= range.to)) ??
      false)
  return portsInside && addressesInside(wide.from, narrow.from) && addressesInside(wide.to, narrow.to)
}

/** Long lists are not compared: a list of lists has an end, and a lint is not worth a minute. */
const comparedMaximum = 1000

function addressesInside(
  wide: readonly Prefix[] | undefined,
  narrow: readonly Prefix[] | undefined,
): boolean {
  if (!wide) return true
  if (!narrow || wide.length > comparedMaximum || narrow.length > comparedMaximum) return false
  return narrow.every((inner) => wide.some((outer) => contains(outer, inner)))
}

function lintWhole({ zones }: Policy): Diagnostic[] {
  const first = zones[0]
  if (!first || zones.some((zone) => zone.incoming.length + zone.outgoing.length > 0)) return []
  return [lint("protects-nothing", first.origin, "no zone has a protection", "protect: { wan: default }")]
}
