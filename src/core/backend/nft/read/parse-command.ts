import {
  type Entries,
  objectLines,
  parseBlock,
  parseChainLine,
  parseFlowtableLine,
  parseSetLine,
  startsChainLine,
} from "./parse-declaration.js"
import { parseRight } from "./parse-expression.js"
import { parseElements } from "./parse-set.js"
import { parseRuleBody } from "./parse-statement.js"
import { describe, type Parser } from "./parser.js"
import type { Syntax } from "./syntax.js"
import { array, leaf, object, spanning } from "./tree.js"
import { families } from "./words.js"

/** Where a command's names lead: the family and the table, and what is named inside it. */
interface Place {
  readonly family: Syntax
  readonly table: Syntax
}

/** All lines of a file, and of what it includes: commands in the order in which nft runs them. */
export function parseCommands(p: Parser): Syntax[] {
  const commands: Syntax[] = []
  p.skipSeparators()
  while (p.peek().kind !== "end") {
    if (p.is("}")) {
      p.report("nft-syntax", 'this "}" closes nothing', p.next().span)
      p.skipSeparators()
      continue
    }
    p.attempt(() => {
      parseLine(p, commands)
      p.endStatement("a command")
    })
    p.skipSeparators()
  }
  return commands
}

/** `define`, `undefine`, `redefine` and `include` stand wherever a line may stand. True: it was one. */
function parseDirective(p: Parser): boolean {
  const token = p.peek()
  if (p.is("include")) {
    p.next()
    const pattern = p.next()
    if (pattern.kind !== "string") p.fail("a file to include is named in quotation marks", pattern)
    if (!p.isEnd()) p.endStatement("the name of a file")
    p.include(pattern.text, pattern)
    return true
  }
  if ((p.is("define") || p.is("redefine")) && p.is("=", 2)) {
    p.next()
    const name = p.next()
    p.next()
    p.define(name, parseValue(p), token.text === "redefine")
    return true
  }
  if (p.is("undefine")) {
    p.next()
    p.undefine(p.next())
    return true
  }
  return false
}

/** What a variable may stand for. */
function parseValue(p: Parser): Syntax {
  const { span } = p.peek()
  if (p.is("-") || p.is("+")) {
    const sign = p.next().text === "-" ? -1 : 1
    const number = p.number("a number")
    return number.kind === "leaf" ? leaf(sign * Number(number.value), span) : number
  }
  return parseRight(p)
}

const verbs: ReadonlySet<string> = new Set([
  "add",
  "create",
  "insert",
  "replace",
  "delete",
  "destroy",
  "flush",
  "reset",
  "list",
  "rename",
])

function parseLine(p: Parser, commands: Syntax[]): void {
  if (parseDirective(p)) return
  const first = p.peek()
  const push = (verb: string, kind: string, entries: Readonly<Record<string, Syntax | undefined>>) => {
    const span = spanning(first.span, p.previous().span)
    commands.push(object({ [verb]: object({ [kind]: object(entries, first.span) }, span) }, span))
  }
  let verb = "add"
  if (p.isOneOf(verbs)) verb = p.next().text
  const kind = p.peek()
  if (verb === "list") {
    // Asking changes nothing.
    while (!p.isEnd()) p.next()
    return
  }
  switch (kind.text) {
    case "ruleset": {
      p.next()
      const family = p.isOneOf(families) ? p.name("family") : undefined
      return push(verb, "ruleset", { family })
    }
    case "table":
      p.next()
      return parseTable(p, verb, push)
    case "tables":
    case "chains":
    case "sets":
    case "maps":
    case "counters":
    case "quotas":
    case "rules":
      while (!p.isEnd()) p.next()
      return
    case "chain":
      p.next()
      return parseChain(p, verb, push)
    case "rule": {
      p.next()
      return parseRule(p, verb, push)
    }
    case "set":
    case "map":
    case "meter": {
      p.next()
      return parseSetCommand(p, verb, kind.text, push)
    }
    case "element":
      p.next()
      return parseElementCommand(p, verb, push)
    case "flowtable":
      p.next()
      return parseObjectCommand(p, verb, "flowtable", parseFlowtableLine, push)
  }
  const object_ = objectAt(p)
  if (object_ !== undefined) {
    for (let word = 0; word < object_.split(" ").length; word++) p.next()
    return parseObjectCommand(p, verb, object_, objectLines[object_]!, push)
  }
  // `add ip filter input tcp dport 22 accept`: a rule without the word.
  if (
    (verb === "add" || verb === "insert" || verb === "replace" || verb === "delete") &&
    kind.kind === "word"
  ) {
    if (verbs.has(first.text)) return parseRule(p, verb, push)
  }
  p.failUnknown("a command that nft knows", [
    ...verbs,
    "table",
    "chain",
    "rule",
    "set",
    "map",
    "element",
    "define",
    "include",
  ])
}

type Push = (verb: string, kind: string, entries: Readonly<Record<string, Syntax | undefined>>) => void

/** `counter`, `ct helper`: the kind of object that the words at hand name. */
function objectAt(p: Parser): string | undefined {
  const { text } = p.peek()
  const name = text === "ct" ? `ct ${p.peek(1).text}` : text
  return p.peek().kind === "word" && Object.hasOwn(objectLines, name) ? name : undefined
}

function parseFamily(p: Parser): Syntax {
  const token = p.peek()
  const following = p.peek(1)
  const isFamily =
    p.isOneOf(families) && (following.kind === "word" || following.kind === "string" || p.is("$", 1))
  if (!isFamily) return leaf("ip", token.span)
  p.next()
  return leaf(token.text, token.span)
}

function parsePlace(p: Parser): Place {
  const family = parseFamily(p)
  return { family, table: p.name("table") }
}

/** `handle 4` instead of a name, where something is deleted. */
function parseHandle(p: Parser): Syntax | undefined {
  return p.accept("handle") ? p.number("a handle") : undefined
}

function parseTable(p: Parser, verb: string, push: Push): void {
  const family = parseFamily(p)
  const handle = verb === "delete" || verb === "destroy" ? parseHandle(p) : undefined
  if (handle) return push(verb, "table", { family, handle })
  const name = p.name("table")
  if (!p.is("{")) return push(verb, "table", { family, name })
  const block = new TableBlock(p, { family, table: name })
  p.scoped(() => parseBlock(p, "a table", () => block.line()))
  push(verb, "table", { family, name, ...block.entries })
  block.commands(push, verb)
}

interface Command {
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
    if (p.accept("chain")) return this.chain()
    if (p.is("set") || p.is("map") || p.is("meter")) {
      const kind = p.next().text
      const isMap = kind === "map"
      const name = p.name(kind)
      const entries: Entries = {}
      this.block(
        `a ${kind}`,
        (own) => {
          if (!parseDirective(p)) parseSetLine(p, own, isMap)
        },
        entries,
      )
      this.declared.push({ kind: isMap ? "map" : "set", entries: { ...place, name, ...entries } })
      return
    }
    if (p.accept("flowtable")) {
      const name = p.name("flowtable")
      const entries: Entries = {}
      this.block("a flowtable", (own) => parseFlowtableLine(p, own), entries)
      this.declared.push({ kind: "flowtable", entries: { ...place, name, ...entries } })
      return
    }
    const kind = objectAt(p)
    if (kind === undefined)
      return p.failUnknown("a line of a table", [
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
    for (let word = 0; word < kind.split(" ").length; word++) p.next()
    const name = p.name(kind)
    const entries: Entries = {}
    parseObjectBlock(p, kind, objectLines[kind]!, entries)
    this.declared.push({ kind, entries: { ...place, name, ...entries } })
  }

  private block(what: string, line: (entries: Entries) => void, entries: Entries): void {
    const { p } = this
    p.scoped(() => parseBlock(p, what, () => line(entries)))
  }

  private chain(): void {
    const { p, place } = this
    const name = p.name("chain")
    const entries: Entries = {}
    const rules: Command[] = []
    p.scoped(() =>
      parseBlock(p, "a chain", () => {
        if (parseDirective(p)) return
        if (startsChainLine(p)) return parseChainLine(p, entries)
        const rule = parseRuleBody(p)
        for (const command of takePending(p, place)) {
          if (command.kind === "chain") this.declared.push(command)
          else this.rules.push(command)
        }
        if (rule.kind === "object")
          rules.push({
            kind: "rule",
            entries: { ...place, chain: name, ...Object.fromEntries(rule.entries) },
          })
      }),
    )
    this.declared.push({ kind: "chain", entries: { ...place, name, ...entries } })
    this.rules.push(...rules)
  }
}

/** Chains without a name that the rule just read jumps to, as chains with the name that the kernel would give them. */
function takePending(p: Parser, place: Place): Command[] {
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

function parseChain(p: Parser, verb: string, push: Push): void {
  const place = parsePlace(p)
  const handle = parseHandle(p)
  if (handle) return push(verb, "chain", { ...place, handle })
  const name = p.name("chain")
  if (verb === "rename") return push(verb, "chain", { ...place, name, newname: p.name("chain") })
  const entries: Entries = {}
  const rules: Command[] = []
  if (p.is("{")) {
    parseBlock(p, "a chain", () => {
      if (parseDirective(p)) return
      if (startsChainLine(p)) return parseChainLine(p, entries)
      const rule = parseRuleBody(p)
      rules.push(...takePending(p, place))
      if (rule.kind === "object")
        rules.push({ kind: "rule", entries: { ...place, chain: name, ...Object.fromEntries(rule.entries) } })
    })
  }
  push(verb, "chain", { ...place, name, ...entries })
  for (const { kind, entries: rule } of rules) push("add", kind, rule)
}

function parseRule(p: Parser, verb: string, push: Push): void {
  const place = parsePlace(p)
  const chain = p.name("chain")
  const where: Entries = {}
  for (;;) {
    if (p.accept("handle")) where["handle"] = p.number("a handle")
    else if (p.accept("position")) where["position"] = p.number("a position")
    else if (p.accept("index")) where["index"] = p.number("an index")
    else break
  }
  if (verb === "delete" || verb === "destroy" || verb === "reset")
    return push(verb, "rule", { ...place, chain, ...where })
  if (p.isEnd()) p.fail("a rule has at least one statement")
  const rule = parseRuleBody(p)
  for (const { kind, entries } of takePending(p, place)) push("add", kind, entries)
  if (rule.kind === "object")
    push(verb, "rule", { ...place, chain, ...where, ...Object.fromEntries(rule.entries) })
}

function parseSetCommand(p: Parser, verb: string, word: string, push: Push): void {
  const place = parsePlace(p)
  const isMap = word === "map"
  const kind = isMap ? "map" : "set"
  const handle = parseHandle(p)
  if (handle) return push(verb, kind, { ...place, handle })
  const name = p.name(kind)
  const entries: Entries = {}
  if (p.is("{"))
    p.scoped(() =>
      parseBlock(p, `a ${kind}`, () => {
        if (!parseDirective(p)) parseSetLine(p, entries, isMap)
      }),
    )
  push(verb, kind, { ...place, name, ...entries })
}

function parseElementCommand(p: Parser, verb: string, push: Push): void {
  const place = parsePlace(p)
  const name = p.name("set")
  const { span } = p.peek()
  let elem: Syntax
  if (p.is("$")) {
    const value = p.variable()
    const members = value.kind === "object" ? value.entries.get("set") : undefined
    elem = members ?? array([value], span)
  } else if (p.is("{")) elem = array(parseElements(p), span)
  else elem = p.fail(`elements stand in braces, not as ${describe(p.peek())}`)
  push(verb, "element", { ...place, name, elem })
}

function parseObjectCommand(
  p: Parser,
  verb: string,
  kind: string,
  line: (p: Parser, entries: Entries) => void,
  push: Push,
): void {
  const place = parsePlace(p)
  const handle = parseHandle(p)
  if (handle) return push(verb, kind, { ...place, handle })
  const name = p.name(kind)
  const entries: Entries = {}
  if (p.is("{")) parseObjectBlock(p, kind, line, entries)
  // `add quota ip filter q over 10 mbytes`
  else if (!p.isEnd()) line(p, entries)
  push(verb, kind, { ...place, name, ...entries })
}

function parseObjectBlock(
  p: Parser,
  kind: string,
  line: (p: Parser, entries: Entries) => void,
  entries: Entries,
): void {
  parseBlock(p, `a ${kind}`, () => {
    if (parseDirective(p)) return
    if (p.accept("comment")) entries["comment"] = p.string("a comment")
    else line(p, entries)
    // `{ packets 0 bytes 0 comment "x" }` and `type "ftp" protocol tcp l3proto ip` come on one line too.
    while (!p.isEnd()) {
      if (p.accept("comment")) entries["comment"] = p.string("a comment")
      else line(p, entries)
    }
  })
}
