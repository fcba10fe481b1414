import { type Diagnostic, hasErrors, isProblem, type Span } from "../base/diagnostic.js"
import { didYouMean } from "../base/nearest.js"
import { type Prefix, printPrefix } from "../base/prefix.js"
import { AddressBook } from "./addresses.js"
import { readNeighbours, readRepeaters } from "./blocks.js"
import { readDetectors } from "./detect.js"
import type { PolicyEnvironment, PolicyText } from "./environment.js"
import { type MergedText, readIncluded } from "./include.js"
import { type NamedInterfaces, readInterfaces } from "./interfaces.js"
import { Kinds } from "./kinds.js"
import { type PhraseNames, parsePhrase, phraseGrammar } from "./phrase.js"
import type { BypassEntry, Policy, Zone } from "./policy.js"
import { type ChosenPreset, readLadder, readZone, zoneKeys } from "./protect.js"
import type { ProtectionKind } from "./protection.js"
import { protectionKinds } from "./protections/index.js"
import { inOrder, Report } from "./report.js"
import { describe, entryOf, flowText, type MapEntry, type MapNode, type Node } from "./tree.js"

export interface LoadedPolicy {
  /** Absent where there is an error: a policy is loaded whole or not at all. */
  readonly policy?: Policy
  /** Errors, warnings and lints of the text, in the order of files and lines. */
  readonly diagnostics: readonly Diagnostic[]
}

/** The keys at the left margin; `version` and `include` are read before files merge. */
export const topLevelKeys = [
  "version",
  "include",
  "interfaces",
  "addresses",
  "action",
  "never-block",
  "forged-sources",
  "repeaters",
  "neighbours",
  "protect",
  "detect",
  "bypass",
]

/**
 * Reads a policy with all that it includes, and finds every mistake in one pass. Never throws; files and facts come through the environment,
 * kinds of protection from the registry.
 */
export function loadPolicy(
  main: PolicyText,
  environment: PolicyEnvironment,
  kinds: readonly ProtectionKind[] = protectionKinds,
): LoadedPolicy {
  const report = new Report()
  const merged = readIncluded(main, environment, report)
  const isEmpty = merged.root.entries.length === 0
  const policy = isEmpty ? undefined : new Loader(merged, environment, report, new Kinds(kinds)).load()
  if (isEmpty && !report.hasErrors) {
    report.error("missing-key", merged.root.span, "the policy is empty", { hint: shortest })
  }
  report.close({ file: main.path, line: 1, column: 1 })
  const diagnostics = inOrder(withoutConsequences(report, merged), merged.files)
  return hasErrors(diagnostics) || !policy ? { diagnostics } : { policy, diagnostics }
}

const shortest = "the shortest policy is interfaces: { wan: auto } and protect: { wan: default }"

class Loader {
  private readonly root: MapNode
  private readonly files: readonly string[]
  private readonly environment: PolicyEnvironment
  private readonly report: Report
  private readonly kinds: Kinds
  private readonly addresses: AddressBook

  constructor({ root, files }: MergedText, environment: PolicyEnvironment, report: Report, kinds: Kinds) {
    this.root = root
    this.files = files
    this.environment = environment
    this.report = report
    this.kinds = kinds
    this.addresses = new AddressBook(this.value("addresses"), environment, report)
  }

  load(): Policy {
    this.checkKeys()
    const interfaces = this.interfaces()
    const { zones, presets } = this.zones(interfaces)
    const context = { report: this.report, addresses: this.addresses }
    const detect = readDetectors(this.value("detect"), presets, readLadder(this.root, new Report()), context)
    return {
      version: 1,
      files: this.files,
      zones,
      neverBlock: this.neverBlock(),
      ...(this.provesSources() && { forgedSources: "prove" as const }),
      ...this.blocks(),
      bypass: this.bypass(zones.map((zone) => zone.name)),
      detect,
      addresses: this.addresses.all(),
    }
  }

  private checkKeys(): void {
    for (const { key } of this.root.entries) {
      if (topLevelKeys.includes(key.text)) continue
      const isProtection = this.kinds.find(key.text) !== undefined
      const hint = isProtection ? "it stands behind a zone under protect" : didYouMean(key.text, topLevelKeys)
      this.report.error("unknown-key", key.span, `"${key.text}" is not a key of a policy`, {
        hint: hint ?? `its keys are ${topLevelKeys.join(", ")}`,
      })
    }
  }

  private interfaces(): NamedInterfaces[] {
    const node = this.value("interfaces")
    if (node) return readInterfaces(node, this.environment.host, this.report)
    this.report.error("missing-key", this.start(), "the policy does not say which interfaces it is for", {
      hint: "interfaces: { wan: auto }",
    })
    return []
  }

  private zones(interfaces: readonly NamedInterfaces[]): { zones: Zone[]; presets: ChosenPreset[] } {
    const entries = this.protectEntries()
    const action = readLadder(this.root, this.report)
    const context = {
      report: this.report,
      addresses: this.addresses,
      kinds: this.kinds,
      host: this.environment.host,
      action,
    }
    const names = interfaces.map(({ name }) => name)
    for (const { key, value } of entries) {
      if (names.includes(key.text)) continue
      const isInside = zoneKeys.includes(key.text) || this.kinds.find(key.text) !== undefined
      this.report.error("unknown-zone", key.span, `"${key.text}" is not named under interfaces`, {
        hint: isInside
          ? "it belongs to a zone: indent it deeper"
          : (didYouMean(key.text, names) ?? `interfaces: { ${key.text}: eth0 } names it`),
      })
      if (isInside) continue
      // Read all the same, for its mistakes.
      readZone(key.text, value, false, context)
    }
    const presets: ChosenPreset[] = []
    const zones = interfaces.map((zone): Zone => {
      const entry = entries.find(({ key }) => key.text === zone.name)
      const read = entry && readZone(zone.name, entry.value, zone.facesInternet, context)
      if (read?.preset) presets.push(read.preset)
      const { incoming = [], outgoing = [] } = read ?? {}
      return { name: zone.name, interfaces: zone.interfaces, incoming, outgoing, origin: zone.origin }
    })
    return { zones, presets }
  }

  private protectEntries(): readonly MapEntry[] {
    const node = this.value("protect")
    if (node?.kind === "map") return node.entries
    if (node) {
      const id = node.kind === "empty" ? "empty-value" : "wrong-kind"
      this.report.error(id, node.span, `protect is a map of zones, not ${describe(node)}`, {
        hint: "protect: { wan: default }",
      })
    } else {
      this.report.error("missing-key", this.start(), "the policy does not say what to protect against", {
        hint: "protect: { wan: default }",
      })
    }
    return []
  }

  private neverBlock(): readonly Prefix[] {
    const node = this.value("never-block")
    if (!node) return []
    const { prefixes } = this.addresses.list(node)
    const wide = prefixes.find(({ length }) => length === 0)
    if (wide) {
      this.report.lint(
        "never-blocks-anybody",
        node.span,
        `never-block holds ${printPrefix(wide)}, so nobody is ever kept out`,
        {
          hint: "action: drop says that of all protections",
        },
      )
    }
    return prefixes
  }

  private bypass(zones: readonly string[]): BypassEntry[] {
    const node = this.value("bypass")
    if (!node) return []
    const names: PhraseNames = { zones, addresses: (text) => this.addresses.word(text) }
    const items = node.kind === "list" ? node.items : [node]
    return items.flatMap((item) => {
      if (item.kind !== "scalar") {
        const id = item.kind === "empty" ? "empty-value" : "wrong-kind"
        this.report.error(id, item.span, `${describe(item)} stands where a packet phrase should`, {
          hint: `a packet is written ${phraseGrammar}`,
        })
        return []
      }
      const phrase = parsePhrase(item.text, names)
      if (!isProblem(phrase))
        return [{ phrase, origin: { span: item.span, text: `bypass: ${flowText(item)}` } }]
      const hasNeighbour = items.some((other) => other !== item && other.span.line === item.span.line)
      const isPiece = hasNeighbour && item.plain && !/\s/.test(item.text)
      const hint = isPiece ? "in [ ] a comma begins the next item: quote a phrase with commas" : phrase.hint
      this.report.problem({ ...phrase, ...(hint && { hint }) }, item.span)
      return []
    })
  }

  /** `forged-sources: prove`: nobody is blocked from everything who has not completed a handshake. */
  private provesSources(): boolean {
    const node = this.value("forged-sources")
    if (node === undefined) return false
    const text = node.kind === "scalar" ? node.text : ""
    if (text !== "prove" && text !== "limit")
      this.report.error("wrong-kind", node.span, `forged-sources is limit or prove, not ${describe(node)}`, {
        hint: "limit: what may be forged is kept from opening connections for ten minutes; prove: it is never blocked",
      })
    return text === "prove"
  }

  private blocks(): Pick<Policy, "repeaters" | "neighbours"> {
    const repeaters = readRepeaters(this.value("repeaters"), this.report)
    const neighbours = readNeighbours(this.value("neighbours"), this.report)
    return { ...(repeaters !== undefined && { repeaters }), ...(neighbours !== undefined && { neighbours }) }
  }

  private value(key: string): Node | undefined {
    return entryOf(this.root, key)?.value
  }

  private start(): Span {
    return { file: this.files[0]!, line: 1, column: 1 }
  }
}

/** Where a file's syntax is broken, what is said of the lines behind it, or of what is missing, is mostly a consequence. */
function withoutConsequences(report: Report, { brokenAt }: MergedText): readonly Diagnostic[] {
  if (brokenAt.size === 0) return report.diagnostics
  const needWhole = new Set<string>([
    "missing-key",
    "unknown-zone",
    "unknown-address",
    "unused-name",
    "empty-value",
  ])
  return report.diagnostics.filter(({ id, span }) => {
    if (id.startsWith("yaml-") || wholeFile.has(id)) return true
    if (needWhole.has(id)) return false
    const broken = span && brokenAt.get(span.file)
    return broken === undefined || span!.line < broken
  })
}

const wholeFile = new Set<string>(["not-text", "file-too-large", "more-mistakes"])
