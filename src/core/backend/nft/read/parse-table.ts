import { COMPLETE, type Entries, parseBlock } from "./parse-block.js"
import { parseChainLine, parseFlowtableLine, startsChainLine } from "./parse-declaration.js"
import { parseDirective } from "./parse-directive.js"
import { objectLines } from "./parse-object.js"
import { parseSetLine } from "./parse-set-line.js"
import { parseRuleBody, type RuleBody } from "./parse-statement.js"
import type { Parser } from "./parser.js"
import type { Syntax } from "./syntax.js"
import { array, leaf } from "./tree.js"
import { families } from "./words.js"

/** Where a command's names lead: the family and the table, and what is named inside it. */
export interface Place {
  readonly family: Syntax
  readonly table: Syntax
}

export type Push = (verb: string, kind: string, entries: Readonly<Record<string, Syntax | undefined>>) => void

/** `counter`, `ct helper`: the kind of object that the words at hand name. */
export function objectAt(p: Parser): string | undefined {
  const { text } = p.peek()
  const name = text === "ct" ? `ct ${p.peek(1).text}` : text
  return p.peek().kind === "word" && Object.hasOwn(objectLines, name) ? name : undefined
}

export function parseFamily(p: Parser): Syntax {
  const token = p.peek()
  const following = p.peek(1)
  const isFamily =
    p.isOneOf(families) && (following.kind === "word" || following.kind === "string" || p.is("$", 1))
  if (!isFamily) return leaf("ip", token.span)
  p.next()
  return leaf(token.text, token.span)
}

export function parsePlace(p: Parser): Place {
  const family = parseFamily(p)
  return { family, table: p.identifier("table") }
}

/** `handle 4` instead of a name, where something is deleted. */
export function parseHandle(p: Parser): Syntax | undefined {
  return p.accept("handle") ? p.number("a handle") : undefined
}

export function parseTable(p: Parser, verb: string, push: Push): void {
  const family = parseFamily(p)
  const handle = verb === "delete" || verb === "destroy" ? parseHandle(p) : undefined
  if (handle) {
    push(verb, "table", { family, handle })
    return
  }
  const name = p.identifier("table")
  if (!p.is("{")) {
    push(verb, "table", { family, name })
    return
  }
  const block = new TableBlock(p, { family, table: name })
  p.scoped(() => parseBlock(p, "a table", () => block.line()))
  push(verb, "table", { family, name, ...block.entries })
  block.commands(push, verb)
}

export interface Command {
  readonly kind: string
  readonly entries: Readonly<Record<string, Syntax | undefined>>
}

/** What a table's braces hold, put into the order in which nft makes it: objects, chains and sets first, the rules last. */
class TableBlock {
  readonly entries: Entries = {}
  private readonly declared: Command[] = []
  private readonly rules: Command[] = []
  private readonly p: Parser
  private readonly place: Place

  constructor(p: Parser, place: Place) {
    this.p = p
    this.place = place
  }

  commands(push: Push, verb: string): void {
    for (const { kind, entries } of this.declared) push(verb, kind, entries)
    for (const { kind, entries } of this.rules) push("add", kind, entries)
  }

  line(): void {
    const { p, place } = this
    if (parseDirective(p)) return
    const first = p.peek()
    if (p.accept("comment")) {
      this.entries["comment"] = p.string("a comment")
      return
    }
    if (p.accept("flags")) {
      const flags = [p.name("flag")]
      while (p.accept(",")) flags.push(p.name("flag"))
      this.entries["flags"] = array(flags, first.span)
      return
    }
    if (p.accept("chain")) {
      this.chain()
      return
    }
    if (p.is("set") || p.is("map") || p.is("meter")) {
      const kind = p.next().text
      const isMap = kind === "map"
      const name = p.identifier(kind)
      const entries: Entries = {}
      this.block(
        `a ${kind}`,
        (own) => {
          return parseDirective(p) || parseSetLine(p, own, isMap)
        },
        entries,
      )
      this.declared.push({ kind: isMap ? "map" : "set", entries: { ...place, name, ...entries } })
      return
    }
    if (p.accept("flowtable")) {
      const name = p.identifier("flowtable")
      const entries: Entries = {}
      this.block("a flowtable", (own) => parseFlowtableLine(p, own), entries)
      this.declared.push({ kind: "flowtable", entries: { ...place, name, ...entries } })
      return
    }
    const kind = objectAt(p)
    if (kind === undefined) {
      p.failUnknown("a line of a table", [
        "chain",
        "set",
        "map",
        "flowtable",
        "comment",
        "flags",
        "define",
        "include",
        ...Object.keys(objectLines),
      ])
      return
    }
    for (let word = 0; word < kind.split(" ").length; word++) p.next()
    const name = p.identifier(kind)
    const entries: Entries = {}
    parseObjectBlock(p, kind, objectLines[kind]!, entries)
    this.declared.push({ kind, entries: { ...place, name, ...entries } })
  }

  private block(what: string, line: (entries: Entries) => unknown, entries: Entries): void {
    const { p } = this
    p.scoped(() => parseBlock(p, what, () => line(entries)))
  }

  private chain(): void {
    const { p, place } = this
    const name = p.identifier("chain")
    const entries: Entries = {}
    const rules: Command[] = []
    p.scoped(() =>
      parseBlock(p, "a chain", () => {
        if (parseDirective(p)) return
        if (startsChainLine(p)) {
          parseChainLine(p, entries)
          return
        }
        const rule = parseRuleBody(p)
        for (const command of takePending(p, place)) {
          if (command.kind === "chain") this.declared.push(command)
          else this.rules.push(command)
        }
        rules.push(ruleCommand(place, name, rule))
      }),
    )
    this.declared.push({ kind: "chain", entries: { ...place, name, ...entries } })
    for (const rule of rules) this.rules.push(rule)
  }
}

export function ruleCommand(
  { family, table }: Place,
  chain: Syntax,
  { expr, comment, text }: RuleBody,
): Command {
  return { kind: "rule", entries: { family, table, chain, expr, comment, text } }
}

/** Chains without a name that the rule just read jumps to, as chains with the name that the kernel would give them. */
export function takePending(p: Parser, place: Place): Command[] {
  const commands: Command[] = []
  for (const chain of p.pending.splice(0)) {
    if (chain.kind !== "object") continue
    const name = chain.entries.get("name")!
    const rules = chain.entries.get("rules")
    commands.push({ kind: "chain", entries: { ...place, name } })
    for (const rule of rules?.kind === "array" ? rules.items : [])
      if (rule.kind === "object")
        commands.push({
          kind: "rule",
          entries: { ...place, chain: name, ...Object.fromEntries(rule.entries) },
        })
  }
  return commands
}

/** Objects each of whose lines has an end; what the others are made of needs none. */
const objectsInLines: ReadonlySet<string> = new Set(["ct helper", "ct timeout", "ct expectation"])

export function parseObjectBlock(
  p: Parser,
  kind: string,
  line: (p: Parser, entries: Entries) => void,
  entries: Entries,
): void {
  const property = (): boolean => {
    if (!p.accept("comment")) {
      line(p, entries)
      return objectsInLines.has(kind)
    }
    entries["comment"] = p.string("a comment")
    return false
  }
  parseBlock(p, `a ${kind}`, () => {
    if (parseDirective(p)) return undefined
    let needsEnd = property()
    // `{ packets 0 bytes 0 comment "x" }` and `type "ftp" protocol tcp l3proto ip` come on one line too.
    while (!p.isEnd()) needsEnd = property()
    return needsEnd ? undefined : COMPLETE
  })
}
