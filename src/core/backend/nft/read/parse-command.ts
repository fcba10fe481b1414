import { type Entries, parseBlock } from "./parse-block.js"
import { parseChainLine, parseFlowtableLine, startsChainLine } from "./parse-declaration.js"
import { parseDirective } from "./parse-directive.js"
import { objectLines } from "./parse-object.js"
import { parseElements } from "./parse-set.js"
import { parseSetLine } from "./parse-set-line.js"
import { parseRuleBody } from "./parse-statement.js"
import {
  type Command,
  objectAt,
  type Push,
  parseHandle,
  parseObjectBlock,
  parsePlace,
  parseTable,
  ruleCommand,
  takePending,
} from "./parse-table.js"
import { describe, type Parser } from "./parser.js"
import { spanning } from "./place.js"
import type { Syntax } from "./syntax.js"
import { array, named, object } from "./tree.js"
import { families } from "./words.js"

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
      p.endCommand("a command")
    })
    p.skipSeparators()
  }
  return commands
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
    // Inside a block each command has its own place: a rule's first word, or the name of what is declared.
    const at = (entries["text"] ?? entries["name"])?.span ?? span
    commands.push(named(verb, named(kind, object(entries, at), at), at))
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
      push(verb, "ruleset", { family })
      return
    }
    case "table":
      p.next()
      parseTable(p, verb, push)
      return
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
      parseChain(p, verb, push)
      return
    case "rule": {
      p.next()
      parseRule(p, verb, push)
      return
    }
    case "set":
    case "map":
    case "meter": {
      p.next()
      parseSetCommand(p, verb, kind.text, push)
      return
    }
    case "element":
      p.next()
      parseElementCommand(p, verb, push)
      return
    case "flowtable":
      p.next()
      parseObjectCommand(p, verb, "flowtable", parseFlowtableLine, push)
      return
  }
  const object_ = objectAt(p)
  if (object_ !== undefined) {
    for (let word = 0; word < object_.split(" ").length; word++) p.next()
    parseObjectCommand(p, verb, object_, objectLines[object_]!, push)
    return
  }
  // `add ip filter input tcp dport 22 accept`: a rule without the word.
  if (
    (verb === "add" || verb === "insert" || verb === "replace" || verb === "delete") &&
    kind.kind === "word"
  ) {
    if (verbs.has(first.text)) {
      parseRule(p, verb, push)
      return
    }
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

function parseChain(p: Parser, verb: string, push: Push): void {
  const place = parsePlace(p)
  const handle = parseHandle(p)
  if (handle) {
    push(verb, "chain", { ...place, handle })
    return
  }
  const name = p.identifier("chain")
  if (verb === "rename") {
    push(verb, "chain", { ...place, name, newname: p.identifier("chain") })
    return
  }
  const entries: Entries = {}
  const rules: Command[] = []
  if (p.is("{")) {
    parseBlock(p, "a chain", () => {
      if (parseDirective(p)) return
      if (startsChainLine(p)) {
        parseChainLine(p, entries)
        return
      }
      const rule = parseRuleBody(p)
      rules.push(...takePending(p, place))
      rules.push(ruleCommand(place, name, rule))
    })
  }
  push(verb, "chain", { ...place, name, ...entries })
  for (const { kind, entries: rule } of rules) push("add", kind, rule)
}

function parseRule(p: Parser, verb: string, push: Push): void {
  const place = parsePlace(p)
  const chain = p.identifier("chain")
  const where: Entries = {}
  for (;;) {
    if (p.accept("handle")) where["handle"] = p.number("a handle")
    else if (p.accept("position")) where["position"] = p.number("a position")
    else if (p.accept("index")) where["index"] = p.number("an index")
    else break
  }
  if (verb === "delete" || verb === "destroy" || verb === "reset") {
    push(verb, "rule", { ...place, chain, ...where })
    return
  }
  if (p.isEnd()) p.fail("a rule has at least one statement")
  const rule = parseRuleBody(p)
  for (const { kind, entries } of takePending(p, place)) push("add", kind, entries)
  push(verb, "rule", { ...place, chain, ...where, ...rule })
}

function parseSetCommand(p: Parser, verb: string, word: string, push: Push): void {
  const place = parsePlace(p)
  const isMap = word === "map"
  const kind = isMap ? "map" : "set"
  const handle = parseHandle(p)
  if (handle) {
    push(verb, kind, { ...place, handle })
    return
  }
  const name = p.identifier(kind)
  const entries: Entries = {}
  if (p.is("{"))
    p.scoped(() =>
      parseBlock(p, `a ${kind}`, () => {
        return parseDirective(p) || parseSetLine(p, entries, isMap)
      }),
    )
  push(verb, kind, { ...place, name, ...entries })
}

function parseElementCommand(p: Parser, verb: string, push: Push): void {
  const place = parsePlace(p)
  const name = p.identifier("set")
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
  if (handle) {
    push(verb, kind, { ...place, handle })
    return
  }
  const name = p.identifier(kind)
  const entries: Entries = {}
  if (p.is("{")) parseObjectBlock(p, kind, line, entries)
  // `add quota ip filter q over 10 mbytes`
  else if (!p.isEnd()) line(p, entries)
  push(verb, kind, { ...place, name, ...entries })
}
