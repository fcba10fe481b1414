import type { Diagnostic } from "../../base/diagnostic.js"
import type { DialectFile, DraftMap, ImportDialect, Imported, ImportOptions } from "../imported.js"
import type { Context } from "./context.js"
import { Item } from "./item.js"
import { staticSets, translateBlacklist, translateSynproxy, translateTrap } from "./lists.js"
import {
  isScope,
  isScopeLine,
  type Line,
  type LooseLine,
  type Model,
  readModel,
  type Scope,
  type ScopeLine,
} from "./model.js"
import { namedNetworks } from "./named-networks.js"
import { isShellCommand, translateOther } from "./other-items.js"
import { fireholRules } from "./owner-rules.js"
import { translateProtection } from "./protections.js"
import { runStatically } from "./run.js"
import { checkNames, closeZones, translatePolicy, translateScope } from "./scope-items.js"
import { translateService } from "./service-items.js"
import { ZonePolicy } from "./zone-policy.js"
import { anyDevice, zonesOf } from "./zones.js"

/** FireHOL's configuration, as a policy. It is a script of bash; nothing of it is run. */
export const importFirehol: ImportDialect = (
  files: readonly DialectFile[],
  options: ImportOptions,
): Imported => {
  const { commands, variables, diagnostics } = runStatically(files, options, namedNetworks)
  const model = readModel(commands, variables)
  const certain = model.scopes.filter(({ command }) => command.uncertain === undefined)
  const { zones, left } = zonesOf(certain)
  const context: Context = {
    exact: options.exact,
    variables,
    families: model.families,
    zones: zones.map((zone) => new ZonePolicy(zone)),
    sets: staticSets(commands, options),
    refusals: diagnostics
      .filter(({ severity, id }) => severity === "error" && id === "firehol-syntax")
      .map(({ message, span }) => ({
        command: { name: "", words: [], text: "", span: span!, diagnostics: [] },
        why: message,
      })),
  }
  closeZones(context)
  const items = translateLines(model, context, left)
  const owner = fireholRules(model, context)
  return {
    policy: draft(context),
    items: items.map((item) => item.finish()),
    diagnostics: [...diagnostics, ...nothing(model, files)],
    closed: closedBefore(context),
    handOver: handOver(model),
    ...(owner && { ownerRules: () => owner }),
  }
}

function translateLines(
  model: Model,
  context: Context,
  left: ReadonlyMap<Scope, readonly string[]>,
): readonly Item[] {
  const found = new Map<Line, readonly Item[]>()
  const scopes = new Map<Scope, Item>()
  const traps = setsOf(model, "iptrap", 0)
  const blacklisted = new Set(
    model.lines.flatMap((line) =>
      !isScope(line) && !isScopeLine(line) && line.verb === "blacklist"
        ? line.words.flatMap((word) => word.split(/[\s,]+/)).map((word) => word.replace(/^ipset[46]?:/, ""))
        : [],
    ),
  )
  // Interfaces first: their lines go by what is left of their parameters.
  for (const scope of model.scopes) {
    const item =
      scope.command.uncertain === undefined
        ? translateScope(scope, context, left.get(scope) ?? [])
        : uncertain(scope, true)
    scopes.set(scope, item)
    found.set(scope, [item])
  }
  checkNames(model.scopes, scopes, context)
  // What synproxy becomes takes no protection's place: it comes last.
  const isLast = (line: Line) => !isScope(line) && !isScopeLine(line) && line.verb === "synproxy"
  for (const line of [...model.lines].sort((left, right) => Number(isLast(left)) - Number(isLast(right)))) {
    if (isScope(line)) continue
    if (isScopeLine(line)) found.set(line, translateScopeLine(line, context))
    else found.set(line, [translateLoose(line, context, traps, blacklisted)])
  }
  coverBeyond(found, context)
  return model.lines.flatMap((line) => found.get(line) ?? [])
}

function translateScopeLine(line: ScopeLine, context: Context): readonly Item[] {
  const doubt = line.command.uncertain ?? line.scope.command.uncertain
  if (doubt !== undefined) return [uncertain(line, line.verb === "protection", doubt)]
  switch (line.verb) {
    case "protection":
      return translateProtection(line, context)
    case "server":
    case "client":
      return [translateService(line, context)]
    case "policy":
      return [translatePolicy(line, context)]
    case "group":
      return [new Item(line.command, "works", "Lines up to its end are for what its parameters name.", false)]
  }
}

const lossy = new Set(["blacklist", "iptrap", "synproxy", "mac", "iptables", "ip6tables"])

function translateLoose(
  line: LooseLine,
  context: Context,
  traps: ReadonlySet<string>,
  blacklisted: ReadonlySet<string>,
): Item {
  const { command, verb } = line
  if (command.skipped !== undefined)
    return new Item(command, "nothing", `bash passes over it: ${command.skipped}.`, false)
  if (command.broken) {
    const item = new Item(
      command,
      "refused",
      "bash does not read on from here, and FireHOL does not start.",
      true,
    )
    return item.differs("lost", "What stands behind the quotation mark or bracket is not in the policy.")
  }
  const isShells = !lossy.has(verb) && verb !== "protection" && isShellCommand(verb)
  if (command.uncertain !== undefined && !isShells) {
    return uncertain(line, lossy.has(verb) || verb === "protection")
  }
  if (line.verb === "blacklist") return translateBlacklist(line, context, traps)
  if (line.verb === "iptrap") return translateTrap(line, context, blacklisted)
  if (line.verb === "synproxy") return translateSynproxy(line, context)
  return translateOther(line, context)
}

/** What only running the file would tell is not guessed. */
function uncertain(
  { command }: { readonly command: Line["command"] },
  protects: boolean,
  doubt = command.uncertain ?? "",
): Item {
  const item = new Item(
    command,
    "partly",
    `What it does depends on what is not known without running the file: ${doubt}.`,
    protects,
  )
  item.tell(
    "firehol-not-static",
    `what becomes of the line is only known by running the file: ${doubt}`,
    "write it out, and import again",
  )
  return item.differs(protects ? "lost" : "same", "It is not in the policy.")
}

/** A zone's protections are for this host and for what is passed on; FireHOL's lines are for one of them. */
function coverBeyond(found: ReadonlyMap<Line, readonly Item[]>, context: Context): void {
  const asked = new Map<string, Set<Scope>>()
  const each: {
    readonly item: Item
    readonly scope: Scope
    readonly key: string
    readonly zone: string
    readonly name: string
  }[] = []
  for (const [line, items] of found) {
    const scope = isScope(line) ? line : isScopeLine(line) ? line.scope : undefined
    if (!scope) continue
    for (const item of items) {
      for (const { zone, direction, name } of item.asked) {
        if (direction === "out") continue
        const key = `${zone} ${name}`
        asked.set(key, (asked.get(key) ?? new Set()).add(scope))
        each.push({ item, scope, key, zone, name })
      }
    }
  }
  for (const { item, scope, key, zone } of each) {
    const arriving = context.zones.find(({ name }) => name === zone)?.zone.arriving ?? []
    const others = arriving.filter((other) => other !== scope && !asked.get(key)!.has(other))
    if (others.length === 0) continue
    const names = others.map((other) => `${other.kind} ${other.name}`).join(", ")
    item.differs("stricter", `It is for all that arrives on ${zone}, that of ${names} included.`)
  }
}

function setsOf(model: Model, verb: string, at: number): ReadonlySet<string> {
  const names = model.lines.flatMap((line) =>
    !isScope(line) && !isScopeLine(line) && line.verb === verb ? [line.words[at] ?? ""] : [],
  )
  return new Set(names)
}

function draft({ zones }: Context): DraftMap {
  const named =
    zones.length > 0
      ? zones.map(({ name, zone }) => [name, zone.devices] as const)
      : [["wan", anyDevice] as const]
  const bypass = [...new Set(zones.flatMap((zone) => [...zone.bypass]))]
  const protect = zones.map((zone) => [zone.name, zone.draft(openFor(zone))] as const)
  const asked = protect.filter(([, value]) => Object.keys(value).length > 0)
  return {
    version: 1,
    interfaces: Object.fromEntries(
      named.map(([name, devices]) => [name, devices.length === 1 ? devices[0]! : devices]),
    ),
    protect: Object.fromEntries(asked),
    ...(bypass.length > 0 && { bypass }),
  }
}

/** Where only one family is filtered, the other stays open. */
function openFor({ zone }: ZonePolicy): DraftMap | undefined {
  const all = [...zone.arriving]
  const four = all.length === 0 || all.some(({ families }) => families.four)
  const six = all.length === 0 || all.some(({ families }) => families.six)
  if (four && six) return undefined
  return { [four ? "::/0" : "0.0.0.0/0"]: "off" }
}

function nothing({ lines }: Model, [file]: readonly DialectFile[]): readonly Diagnostic[] {
  if (lines.length > 0) return []
  return [
    {
      id: "firehol-empty",
      severity: "warning",
      message: "the file has no line that FireHOL would do anything with",
      span: { file: file?.path ?? "", line: 1, column: 1 },
    },
  ]
}

function closedBefore({ zones, refusals }: Context): Imported["closed"] {
  const closed = zones.filter((zone) => zone.closed)
  const names = (list: readonly ZonePolicy[]) => list.map(({ name }) => name).join(", ")
  const [refusal] = refusals
  const before = refusal
    ? `FireHOL does not activate this file (line ${refusal.command.span.line}): what ran before stays, or nothing.`
    : "FireHOL closes every interface in both directions, but for what its lines open."
  const open = zones.filter((zone) => !zone.closed)
  const after =
    closed.length === 0
      ? "The policy closes nothing: it drops what its protections name."
      : `The policy closes ${names(closed)} to new connections but those under open; pings pass, and what this host opens itself is not closed${open.length > 0 ? `; ${names(open)} ${open.length > 1 ? "stay" : "stays"} open` : ""}.`
  return { before, after }
}

function handOver({ lines }: Model): readonly string[] {
  const verbs = new Set(lines.map((line) => (isScope(line) ? line.kind : line.verb)))
  const nat = ["masquerade", "snat", "dnat", "nat", "redirect"].filter((verb) => verbs.has(verb))
  return [
    "floodwall check, and floodwall replay over a capture of your traffic: nothing changes yet",
    "floodwall apply: it stands beside FireHOL's rules in a table of its own, on trial",
    "floodwall confirm, from a second session that you open now",
    ...(nat.length > 0
      ? [`carry over ${nat.join(", ")} yourself (nftables, or your distribution's own): it ends with FireHOL`]
      : []),
    "systemctl disable firehol, then firehol stop",
    "iptables-legacy-save and iptables-save: no rules of FireHOL are left (with iptables-nft, stop says OK and leaves them; iptables -F and -X remove them)",
    "restart what FireHOL's stop has wiped with its own: Docker, fail2ban, VPNs that had rules",
    ...(verbs.has("synproxy")
      ? ["sysctl --system: synproxy has changed settings of the kernel and does not set them back"]
      : []),
    "floodwall enable, and floodwall status",
  ]
}
