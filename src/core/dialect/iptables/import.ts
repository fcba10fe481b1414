import { type Recognised, recogniseFormat } from "../../backend/formats.js"
import { readIptables } from "../../backend/iptables/read.js"
import type { Diagnostic, Span } from "../../base/diagnostic.js"
import { checkRuleset } from "../../ruleset/check.js"
import type { Rule, Table } from "../../ruleset/ruleset.js"
import type { DialectFile, Imported, ImportItem, ImportOptions } from "../imported.js"
import { problem } from "../problem.js"
import { type AllowList, allowList, isBridge, type OpenItem, type Opening } from "./allow-list.js"
import { type Asked, askedBy } from "./asked.js"
import { type Before, before } from "./before.js"
import { type Claim, claim, type Translated } from "./claim.js"
import { type ClosingLine, closingLines } from "./closing-lines.js"
import { translatedRule } from "./disguise.js"
import { type ItemDraft, lose, settle } from "./item-draft.js"
import { Lists } from "./lists.js"
import { type Found, resolve } from "./resolve.js"
import { type Ending, type Placed, RuleGraph, type Way } from "./rule-graph.js"

/**
 * Rules of iptables and ip6tables, as their save commands print them or as commands: those that are a protection in disguise become it, and where a chain lets in what
 * rules name and nothing else, they become `open`.
 */
export function importIptables(files: readonly DialectFile[], options: ImportOptions): Imported {
  return new RuleImport(options).read(files)
}

/** The rules of one IP version. */
interface Side {
  readonly family: 4 | 6
  readonly tables: readonly Table[]
  readonly graph: RuleGraph
  readonly lists: Lists
  readonly allowed: AllowList | undefined
}

/** An item that waits for what all rules together come to. */
interface Pending {
  readonly item: ItemDraft
  readonly found: readonly Found[]
}

class RuleImport {
  readonly #items: ItemDraft[] = []
  readonly #diagnostics: Diagnostic[] = []
  readonly #pending: Pending[] = []
  readonly #dead = new Set<string>()
  readonly #exact: boolean
  /** One rule is enough for the kernel to put fragments together before all others. */
  #hasConntrack = false

  constructor({ exact }: ImportOptions) {
    this.#exact = exact
  }

  read(files: readonly DialectFile[]): Imported {
    const texts = { 4: [] as string[], 6: [] as string[] }
    const sides: Side[] = []
    const closing: ClosingLine[] = []
    for (const family of [4, 6] as const) {
      const own = files.filter(({ text }) => familiesOf(text).includes(family))
      texts[family].push(...own.map(({ text }) => text))
      const tables = own.flatMap((file) => this.#tables(file, family))
      closing.push(...own.flatMap((file) => closingLines(file, family, tables)))
      const graph = new RuleGraph(tables, family)
      sides.push({
        ...{ family, tables, graph, lists: new Lists(tables, graph) },
        allowed: allowList(tables, graph),
      })
    }
    const all = sides.flatMap(({ tables, graph }) => tables.flatMap((table) => graph.rulesOf(table)))
    this.#hasConntrack = all.some(({ rule, table }) => table.name === "nat" || asksConntrack(rule))
    const isOpenTold = sides.some(({ allowed }) => allowed !== undefined && allowed.refusal === undefined)
    for (const side of sides)
      for (const table of side.tables)
        for (const placed of side.graph.rulesOf(table)) this.#rule(placed, side)
    for (const line of closing) this.#closing(line, sides)
    const devices = devicesIn(all.map(({ rule }) => rule))
    const { interfaces, protect } = this.#settle({
      ...{ devices, exact: this.#exact },
      forwards: sides.some(({ tables, graph }) => tables.length > 0 && forwards(tables, graph)),
    })
    this.#items.sort((left, right) => order(left, files) - order(right, files))
    const [first] = files
    if (all.length === 0 && closing.length === 0 && first) this.#foundNothing(first)
    return {
      policy: { version: 1, interfaces, protect },
      items: this.#items,
      diagnostics: this.#diagnostics,
      closed: {
        before:
          closing.length === 0
            ? "what rules drop; no chain's policy closes the rest."
            : `what no rule accepts, by the policy of ${[...new Set(closing.map(({ chain }) => chain))].join(" and ")}.`,
        after: isOpenTold
          ? "what `open` does not name, on the way in; what the rules close on other ways they still close."
          : `the same, by the same rules, which stay${refusalOf(sides)}.`,
      },
      handOver: isOpenTold ? [...handOver.slice(0, 2), openTold, ...handOver.slice(3)] : handOver,
      ownerRules: () => ({ ipv4: texts[4].join("\n"), ipv6: texts[6].join("\n") }),
    }
  }

  #tables(file: DialectFile, family: 4 | 6): readonly Table[] {
    const { ruleset, diagnostics } = readIptables(file, family)
    const known = new Set(this.#diagnostics.map((each) => JSON.stringify(each)))
    this.#diagnostics.push(...diagnostics.filter((each) => !known.has(JSON.stringify(each))))
    for (const { id, span } of checkRuleset(ruleset))
      if ((id === "shadowed-rule" || id === "unreachable-rule") && span) this.#dead.add(placeOf(span))
    return ruleset.tables
  }

  #foundNothing({ path }: DialectFile): void {
    this.#diagnostics.push(
      problem(
        "import-nothing-found",
        "error",
        "there are no rules of iptables here",
        { file: path, line: 1, column: 1 },
        "iptables-save prints them",
      ),
    )
  }

  #rule(placed: Placed, side: Side): void {
    const { rule, table } = placed
    const { graph } = side
    const span = rule.origin.span!
    const ways = waysIn(placed, graph)
    const ending = graph.endingOf(rule, table)
    if (ways.length === 0) {
      this.#add(placed, "Not about packets that arrive over a wire.")
      return
    }
    if (this.#dead.has(placeOf(span))) {
      const item = this.#add(placed, "Nothing: an earlier rule takes all that it would match.")
      Object.assign(item, { owner: "nothing", relation: "same" })
      const message = "an earlier rule takes all that this would match"
      item.diagnostics = [problem("import-without-effect", "warning", message, span)]
      return
    }
    const opening = side.allowed?.refusal === undefined ? side.allowed?.openings.get(rule) : undefined
    if (side.allowed?.end === rule) {
      this.#close(this.#add(placed, "Closes what no rule accepts."), side.allowed, side.family)
      return
    }
    const tried = ways.map((way) => this.#onWay(placed, way, side, ending))
    // What cannot be said of one way is not said of any.
    const worst = tried.find(({ translated }) => translated.kind === "lost") ?? tried[0]!
    const isProtection = tried.some(({ translated }) => translated.kind === "protection")
    if (!isProtection && worst.translated.kind === "ordinary" && opening !== undefined)
      this.#opening(placed, opening)
    else if (isProtection && worst.translated.kind !== "lost") this.#protection(placed, tried, opening)
    else this.#other(placed, worst.translated, ending)
  }

  #onWay(placed: Placed, way: Way, side: Side, ending: Ending): Tried {
    const asked = askedBy([...way.callers.map(({ rule }) => rule), placed.rule])
    const past = before(placed, way, asked, side.graph)
    const translated = translatedRule({
      ...{ placed, way, asked, ending, graph: side.graph, lists: side.lists },
      ...{ establishedBefore: past.established, hasConntrack: this.#hasConntrack },
    })
    return { way, asked, past, translated }
  }

  #add({ rule }: Placed, ownerDoes: string): ItemDraft {
    const item: ItemDraft = {
      ...{ span: rule.origin.span!, text: rule.origin.text, owner: "works", ownerDoes, becomes: null },
      ...{ relation: "not-ours", protects: false, diagnostics: [] },
    }
    this.#items.push(item)
    return item
  }

  #other(placed: Placed, translated: Translated, ending: Ending): void {
    const span = placed.rule.origin.span!
    if (translated.kind === "lost") {
      lose(this.#add(placed, translated.does), translated.why)
      return
    }
    if (translated.kind === "nothing") {
      const item = this.#add(placed, translated.does)
      Object.assign(item, { owner: "nothing", relation: "same" })
      item.diagnostics = [problem("import-without-effect", "warning", "the rule has no effect", span)]
      return
    }
    if (translated.kind === "part") this.#add(placed, translated.does).relation = "same"
    else this.#add(placed, ordinaryWords[ending])
  }

  #protection(placed: Placed, tried: readonly Tried[], opening: Opening | undefined): void {
    const does = new Set<string>()
    const found: Found[] = []
    for (const { way, asked, past, translated } of tried) {
      if (translated.kind !== "protection") continue
      does.add(translated.does)
      for (const each of translated.claims) found.push(foundBy(each, asked, way, past, placed))
    }
    if (opening?.kind === "ports") found.push(openingFound(opening, placed.family))
    const item = this.#add(placed, [...does].join(" "))
    item.protects = true
    const isAnswered = placed.rule.steps.some((step) => step.step === "xt-target" && step.name === "REJECT")
    if (isAnswered) item.why = "What REJECT answers is dropped without an answer."
    const harms = new Set(found.flatMap((each) => each.claim.harms ?? []))
    item.diagnostics = [...harms].map((harm) =>
      problem("import-harms", "warning", `stops honest traffic: ${harm}`, item.span),
    )
    this.#pending.push({ item, found })
  }

  #opening(placed: Placed, opening: Opening): void {
    if (opening.kind === "device" || opening.kind === "outside") {
      const where = opening.kind === "device" ? "on" : "elsewhere than on"
      this.#add(placed, `Lets in all that arrives ${where} ${opening.device}.`).relation = "same"
      return
    }
    if (opening.kind === "always") {
      const { does, why } = opening
      Object.assign(
        this.#add(placed, does),
        why === undefined ? { relation: "same" } : { relation: "stricter", why },
      )
      return
    }
    const item = this.#add(
      placed,
      opening.kind === "source"
        ? `Lets in all from ${opening.source}.`
        : `Opens ${opening.items.map(openedWords).join(", ")}.`,
    )
    const found =
      opening.kind === "ports"
        ? openingFound(opening, placed.family)
        : {
            ...openFound(claim("open", {}, { list: [], opens: true }), placed.family),
            spared: [opening.source],
          }
    this.#pending.push({ item, found: [found] })
  }

  #closing({ span, text, chain, family }: ClosingLine, sides: readonly Side[]): void {
    const item: ItemDraft = {
      ...{ span, text, owner: "works", ownerDoes: "Closes what no rule accepts.", becomes: null },
      ...{ relation: "not-ours", protects: false, diagnostics: [] },
    }
    this.#items.push(item)
    const allowed = sides.find((side) => side.family === family)?.allowed
    if (chain === "INPUT" && allowed !== undefined && allowed.end === undefined)
      this.#close(item, allowed, family)
  }

  #close(item: ItemDraft, allowed: AllowList, family: 4 | 6): void {
    if (allowed.refusal !== undefined) {
      item.why = `It stays with iptables: ${allowed.refusal}.`
      return
    }
    item.protects = true
    const looser = ["Pings, errors of ICMP, what multicast groups need and answers of DHCP always get in."]
    const { forwarded, inside, outside } = allowed
    const found = openFound(claim("open", {}, { list: [], looser }), family)
    const where = outside === undefined ? { notDevices: inside } : { device: outside }
    this.#pending.push({ item, found: [{ ...found, forwarded, ...where }] })
  }

  /** What all rules together come to, and with it each item's end. */
  #settle(surroundings: Parameters<typeof resolve>[1]) {
    const { interfaces, protect, resolved } = resolve(
      this.#pending.flatMap(({ found }) => found),
      surroundings,
    )
    let at = 0
    for (const { item, found } of this.#pending) {
      const own = resolved.slice(at, at + found.length)
      at += found.length
      settle(item, own)
    }
    return { interfaces, protect }
  }
}

interface Tried {
  readonly way: Way
  readonly asked: Asked
  readonly past: Before
  readonly translated: Translated
}

function foundBy(each: Claim, asked: Asked, { hook }: Way, past: Before, { family }: Placed): Found {
  const lines = past.lines.toSorted((left, right) => left - right).slice(0, NAMED)
  const many = past.lines.length > NAMED ? " and others" : ""
  const reason = `What line${lines.length > 1 ? "s" : ""} ${lines.join(", ")}${many} let${lines.length > 1 ? "" : "s"} past before is met, too.`
  return {
    claim: lines.length === 0 ? each : { ...each, stricter: [...each.stricter, reason] },
    family,
    local: hook !== "forward",
    forwarded: hook !== "input",
    ...(asked.input !== undefined && { device: asked.input }),
    notDevices: asked.input === undefined ? past.devices : [],
    spared: past.spared,
  }
}

/** Lines that a sentence names. */
const NAMED = 5

function openFound(each: Claim, family: 4 | 6): Found {
  return { claim: each, family, local: true, forwarded: true, notDevices: [], spared: [] }
}

function openingFound(
  { items, device, looser }: Extract<Opening, { readonly kind: "ports" }>,
  family: 4 | 6,
): Found {
  const found = openFound(claim("open", {}, { list: items, opens: true, looser }), family)
  return device === undefined ? found : { ...found, device }
}

function openedWords(item: OpenItem): string {
  return typeof item === "string" ? item : `${item.ports.join(", ")} to ${item.from.join(", ")}`
}

/** Why `open` is not written, where something is closed. */
function refusalOf(sides: readonly Side[]): string {
  const refusal = sides.find(({ allowed }) => allowed?.refusal !== undefined)?.allowed?.refusal
  return refusal === undefined ? "" : `: ${refusal}`
}

/** The ways on which packets arrive from elsewhere, each kind of question once. */
function waysIn(placed: Placed, graph: RuleGraph): readonly Way[] {
  return graph.waysTo(placed).filter(({ hook, callers }) => {
    if (hook === "output" || hook === "postrouting") return false
    return askedBy([...callers.map(({ rule }) => rule), placed.rule]).input !== "lo"
  })
}

/** A script may have commands of both programs. */
function familiesOf(text: string): readonly (4 | 6)[] {
  const found: Recognised | undefined = recogniseFormat(text)
  const formats = [found?.format ?? "iptables", ...(found?.also === undefined ? [] : [found.also])]
  return formats.map((format) => (format === "ip6tables" ? 6 : 4))
}

function asksConntrack(rule: Rule): boolean {
  return rule.steps.some(
    (step) => step.step === "xt-match" && ["state", "conntrack", "connlimit", "connmark"].includes(step.name),
  )
}

/** Whether packets of somebody else to somebody else may go through, as far as the rules tell. */
function forwards(tables: readonly Table[], graph: RuleGraph): boolean {
  const filter = tables.find(({ name }) => name === "filter")
  const forward = filter?.chains.find(({ name }) => name === "FORWARD")
  if (!filter || !forward || forward.base?.policy !== "drop") return true
  return graph.exitsOf(forward, filter).some(({ ending }) => ending === "pass")
}

function devicesIn(rules: readonly Rule[]): readonly string[] {
  const names = rules.flatMap(({ steps }) =>
    steps.flatMap((step) =>
      step.step === "xt-header" ? [step.input, step.output].flatMap((each) => each?.name ?? []) : [],
    ),
  )
  return [...new Set(names)].filter((name) => name !== "lo" && name !== "+" && !isBridge.test(name))
}

const ordinaryWords: Readonly<Record<Ending, string>> = {
  drop: "Closes something: it stays with iptables.",
  pass: "Opens something: it stays with iptables.",
  return: "Lets something past the rest of its chain: it stays with iptables.",
  jump: "Leads to another chain.",
  other: "No protection: it stays with iptables.",
}

function placeOf({ file, line, column }: Span): string {
  return `${file}:${line}:${column}`
}

function order({ span }: ImportItem, files: readonly DialectFile[]): number {
  return files.findIndex(({ path }) => path === span.file) * 1e9 + span.line
}

const handOver: readonly string[] = [
  "floodwall apply: on trial for 60 seconds, beside the rules of iptables, which it does not touch",
  "floodwall confirm, from a second session",
  "take the rules that were carried over out of what loads them; those that open and close stay",
  "floodwall enable; floodwall status",
]

const openTold =
  "take the rules that were carried over out of what loads them; what is not ours (NAT, what leaves) stays"
