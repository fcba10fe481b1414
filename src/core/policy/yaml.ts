import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseAllDocuments,
  type YAMLParseError,
} from "yaml"
import type { Span } from "../base/diagnostic.js"
import type { Report } from "./report.js"
import type { MapEntry, Node, ScalarNode } from "./tree.js"

/** Policies are written by people; addresses by the thousand go in list files. */
const textMaximum = 4 * 1024 * 1024
const depthMaximum = 40

export interface YamlText {
  /** Undefined: nothing in it, or nothing that could be read. */
  readonly root?: Node
  /** The first line whose syntax is broken: what the tree says from there on is not to be trusted. */
  readonly brokenAt?: number
}

/**
 * Reads one YAML 1.2 text into a tree with places, reporting syntax errors and the traps: words that YAML, or another version of it, takes for
 * something else than the writer meant. Anchors, aliases, merges and tags are refused: names for addresses do what they would do here.
 */
export function readYaml(path: string, text: string, report: Report): YamlText {
  const source = text.startsWith("\ufeff") ? text.slice(1) : text
  const start: Span = { file: path, line: 1, column: 1 }
  if (source.length > textMaximum) {
    report.error("file-too-large", start, `the file has more than ${textMaximum / 1024 / 1024} MiB`, {
      hint: "addresses by the thousand go in a list file: addresses: { cdn: file lists/cdn.txt }",
    })
    return { brokenAt: 0 }
  }
  const binary = /[\0\ufffd]/.exec(source)
  if (binary) {
    const line = source.slice(0, binary.index).split("\n").length
    report.error("not-text", { ...start, line }, "this is not UTF-8 text", { hint: "save it as UTF-8" })
    return { brokenAt: 0 }
  }
  try {
    return new Reader(path, source, report).read()
  } catch (error) {
    // The parser recurses on nested brackets and ends with the stack.
    if (!(error instanceof RangeError)) throw error
    report.error("yaml-syntax", start, "brackets are nested too deeply")
    return { brokenAt: 0 }
  }
}

class Reader {
  private readonly lines = new LineCounter()
  private readonly anchors = new Set<string>()
  private brokenAt: number | undefined
  private unclosedAt: number | undefined
  private syntaxTold = false
  private readonly path: string
  private readonly source: string
  private readonly report: Report

  constructor(path: string, source: string, report: Report) {
    this.path = path
    this.source = source
    this.report = report
  }

  read(): YamlText {
    const documents = parseAllDocuments(this.source, {
      lineCounter: this.lines,
      schema: "failsafe",
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: "silent",
    })
    const first = documents[0] as Document.Parsed | undefined
    if (!first) return {}
    const second = documents[1] as Document.Parsed | undefined
    if (second) {
      const at = second.contents?.range?.[0] ?? second.range[0]
      this.breakAt(this.span(at).line)
      this.report.error("yaml-documents", this.span(at), "a second document begins behind ---", {
        hint: "one file holds one policy: use include for parts",
      })
    }
    for (const match of this.source.matchAll(/(?:^|[\s[{,])&([^\s,[\]{}]+)/g)) this.anchors.add(match[1]!)
    if (first.errors.some(({ message }) => /call stack/i.test(message)))
      throw new RangeError("nested too deeply")
    const unclosed = first.errors.find(
      ({ code, message }) => code === "MISSING_CHAR" && message.includes("quote"),
    )
    this.unclosedAt = unclosed?.pos[0]
    // Where a quote is not closed, all behind it is inside, and nothing else that is said helps.
    if (!unclosed) for (const error of first.errors) this.syntaxError(error, first.errors)
    const root = first.contents ? this.node(first.contents, 0) : undefined
    return {
      ...(root && root.kind !== "empty" && { root }),
      ...(this.brokenAt !== undefined && { brokenAt: this.brokenAt }),
    }
  }

  private syntaxError(error: YAMLParseError, all: readonly YAMLParseError[]): void {
    const span = this.span(error.pos[0], error.pos[1])
    const rest = this.source.slice(error.pos[0], error.pos[0] + 200)
    // Both are told, with the quoted form, when the tree is walked.
    if (error.code === "BAD_ALIAS") return
    if (nestingCodes.has(error.code) && addressWithColons.test(rest)) return
    // Wrong indentation has a sentence of its own.
    const isSecond = ({ code, pos }: YAMLParseError) =>
      code === "MULTILINE_IMPLICIT_KEY" && pos[0] === error.pos[0]
    if (error.code === "BLOCK_AS_IMPLICIT_KEY" && all.some(isSecond)) return
    // What follows a broken place is mostly its consequence.
    if (this.syntaxTold) return
    this.syntaxTold = true
    this.breakAt(span.line)
    if (error.code === "TAB_AS_INDENT") {
      this.report.error("yaml-tab", span, "a tab is used to indent", { hint: "YAML indents with spaces" })
      return
    }
    const explained = syntaxSentences[error.code]
    this.report.error("yaml-syntax", span, explained?.[0] ?? lowerFirst(error.message), {
      hint: explained?.[1],
    })
  }

  private node(node: unknown, depth: number): Node {
    if (depth > depthMaximum) throw new RangeError("nested too deeply")
    if (isAlias(node)) return this.alias(node)
    const range = (node as { range?: [number, number, number] | null } | null)?.range
    const span = this.span(range?.[0] ?? 0, range?.[1])
    this.refuseExtras(node, span)
    if (isMap(node)) {
      const address = this.addressReadAsMap(node.items as Pair[], span)
      return address ?? { kind: "map", entries: this.entries(node.items as Pair[], depth), span }
    }
    if (isSeq(node)) {
      return { kind: "list", items: node.items.map((item) => this.node(item, depth + 1)), span }
    }
    if (!isScalar(node)) return { kind: "empty", span }
    const plain = node.type === "PLAIN" || node.type === undefined
    const text = String(node.value ?? "")
    if (plain && (text === "" || /^(~|null|Null|NULL)$/.test(text))) return { kind: "empty", span }
    if (!plain && range?.[1] === this.unclosedAt) {
      this.breakAt(span.line)
      this.report.error("yaml-syntax", span, "a quote opens here and is not closed", {
        hint: "close it with the same quote; an apostrophe in text needs quotes around the text",
      })
    }
    return { kind: "scalar", text: plain ? this.plainText(text, span) : text.trim(), plain, span }
  }

  /** Characters that look like another, from web pages and word processors, are told and read as what they look like. */
  private plainText(text: string, span: Span): string {
    const odd = oddCharacters.exec(text)
    if (!odd) return text.trim()
    const name = oddNames.get(odd[0]) ?? "a character that cannot be seen"
    this.report.error("odd-character", span, `${name} stands in "${text}"`, {
      hint: "it came with a copy: type it anew",
    })
    return text
      .replace(/[\u2010-\u2015\u2212]/g, "-")
      .replace(/[\u00a0\u2000-\u200a\u202f\u3000]/g, " ")
      .replace(/[\u200b-\u200f\u2018-\u201f\u2060\ufeff]/g, "")
      .trim()
  }

  private breakAt(line: number): void {
    this.brokenAt = Math.min(line, this.brokenAt ?? line)
  }

  private entries(pairs: readonly Pair[], depth: number): MapEntry[] {
    const entries: MapEntry[] = []
    const byKey = new Map<string, ScalarNode>()
    const queue = [...pairs].reverse()
    for (let pair = queue.pop(); pair; pair = queue.pop()) {
      const key = this.key(pair.key, depth)
      if (!key) continue
      const value = this.entryValue(pair, key, queue, depth)
      const first = byKey.get(key.text)
      if (first) {
        this.report.error("duplicate-key", key.span, `"${key.text}" stands twice in this map`, {
          related: { span: first.span, message: "first written here" },
        })
        continue
      }
      byKey.set(key.text, key)
      entries.push({ key, value })
    }
    return entries
  }

  private entryValue({ value }: Pair, key: ScalarNode, queue: Pair[], depth: number): Node {
    if (!value) return { kind: "empty", span: key.span }
    if (isMap(value) && value.items.length > 1) {
      // `a: 2001:db8::` takes the keys of the lines below into the map that it seems to begin.
      const [first, ...below] = value.items as Pair[]
      const address = this.addressReadAsMap([first!], key.span)
      if (address) {
        for (const pair of below.reverse()) queue.push(pair)
        return address
      }
    }
    return this.node(value, depth + 1)
  }

  private key(node: unknown, depth: number): ScalarNode | undefined {
    const read = this.node(node, depth + 1)
    // `null` and `~` are words where a key stands.
    const key: Node =
      read.kind === "empty" && isScalar(node) && node.value !== ""
        ? { kind: "scalar", text: String(node.value), plain: true, span: read.span }
        : read
    if (key.kind === "scalar") {
      if (key.text !== "<<" || !key.plain) return key
      this.report.error("yaml-anchor", key.span, "merge keys (<<) are not used in a policy", anchorHint)
      return undefined
    }
    if (key.kind === "map" && key.entries.length === 1) {
      this.report.error("yaml-key", key.span, "a {…} stands where a key should", {
        hint: "text in braces is a map to YAML: quote it, or fill in the placeholder",
      })
      return undefined
    }
    const what = key.kind === "empty" ? "nothing" : key.kind === "list" ? "a list" : "a map"
    this.report.error("yaml-key", key.span, `${what} stands where a key should`, {
      hint: "a key is one word in front of a colon",
    })
    return undefined
  }

  /** `2001:db8::` ends in a colon, so YAML reads a map with the key `2001:db8:`. Returned as the address that was meant. */
  private addressReadAsMap(pairs: readonly Pair[], fallback: Span): ScalarNode | undefined {
    const pair = pairs[0]
    if (pairs.length !== 1 || !pair || !isScalar(pair.key) || pair.key.type !== "PLAIN") return undefined
    const key = String(pair.key.value)
    const hasValue = isScalar(pair.value) ? pair.value.value !== "" : pair.value !== null
    if (hasValue || !/^[0-9a-f]{0,4}(:[0-9a-f]{0,4})*:$/i.test(key)) return undefined
    const text = `${key}:`
    const range = pair.key.range
    const span = range ? this.span(range[0], range[1] + 1) : fallback
    this.report.error("yaml-address-as-map", span, `YAML reads ${text} as a map, for it ends in a colon`, {
      hint: `quote it: "${text}"`,
    })
    return { kind: "scalar", text, plain: false, span }
  }

  private alias(node: Alias): ScalarNode {
    const [from, to] = node.range ?? [0, 1]
    const text = this.source.slice(from, to).trim()
    const span = this.span(from, to)
    if (this.anchors.has(node.source)) {
      this.report.error(
        "yaml-anchor",
        span,
        `anchors and aliases (${text}) are not used in a policy`,
        anchorHint,
      )
    } else {
      this.report.error("yaml-star", span, `YAML reads ${text} as the alias of an anchor`, {
        hint: `quote it: "${text}"`,
      })
    }
    return { kind: "scalar", text, plain: false, span }
  }

  private refuseExtras(node: unknown, span: Span): void {
    const { anchor, tag } = (node ?? {}) as { anchor?: string; tag?: string }
    if (anchor !== undefined) {
      this.report.error("yaml-anchor", span, `anchors (&${anchor}) are not used in a policy`, anchorHint)
    }
    if (tag !== undefined) {
      const written = tag.replace(/^tag:yaml\.org,2002:/, "!!")
      this.report.error("yaml-tag", span, `tags (${written}) are not used in a policy`, {
        hint: "write the value without it; text is quoted",
      })
    }
  }

  private span(from: number, to: number = from): Span {
    const start = this.lines.linePos(from)
    const end = this.lines.linePos(Math.max(from, to))
    return {
      file: this.path,
      line: Math.max(1, start.line),
      column: Math.max(1, start.col),
      endLine: Math.max(1, end.line),
      endColumn: Math.max(1, end.col),
    }
  }
}

const oddCharacters = /[\u00a0\u2000-\u200f\u2010-\u2015\u2018-\u201f\u202f\u2060\u2212\u3000\ufeff]/

const oddNames = new Map([
  ["\u00a0", "a no-break space"],
  ["\u2013", "an en dash"],
  ["\u2014", "an em dash"],
  ["\u2212", "a minus sign"],
  ["\u2018", "a curved quote"],
  ["\u2019", "a curved quote"],
  ["\u201c", "a curved quote"],
  ["\u201d", "a curved quote"],
])

const anchorHint = { hint: "give a name under addresses, or write it out" }
const nestingCodes = new Set(["BLOCK_AS_IMPLICIT_KEY", "BLOCK_IN_FLOW"])
const addressWithColons = /^[0-9a-f]{0,4}(:[0-9a-f]{0,4})*::(?=[\s,\]}]|$)/i

const syntaxSentences: Readonly<Record<string, readonly [string, string]>> = {
  BLOCK_AS_IMPLICIT_KEY: [
    "a second colon makes a map where a value stands",
    "quote a value that holds a colon and a space; a key of the next level stands on its own line",
  ],
  BLOCK_IN_FLOW: ["a colon makes a map inside brackets", "quote a value that holds a colon"],
  MULTILINE_IMPLICIT_KEY: [
    "this and the key on the next line are read as one",
    "indent keys of one map alike",
  ],
  BAD_INDENT: [
    "a bracket is not closed, or the indentation is wrong here",
    "close it with ] or }, and indent all of a map alike",
  ],
  MISSING_CHAR: [
    "a quote is not closed, or a colon is missing behind a key",
    "a key is followed by a colon and a space",
  ],
  BAD_SCALAR_START: ["a value cannot start with this character", "quote it"],
  UNEXPECTED_TOKEN: [
    "this does not belong here",
    "look at the quotes, brackets and the indentation before it",
  ],
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
