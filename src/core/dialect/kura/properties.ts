import { readJson } from "../../backend/nft/read/json.js"
import type { Syntax } from "../../backend/nft/read/syntax.js"
import type { Span } from "../../base/diagnostic.js"
import type { DialectFile } from "../imported.js"

/** One property of one of Kura's components. */
export interface Property {
  /** The component's; empty where the file does not say. */
  readonly pid: string
  readonly name: string
  readonly value: string
  readonly text: string
  readonly span: Span
}

/** A snapshot's XML, what the REST service answers (JSON), or lines of a properties file: whichever the text is. */
export function readProperties(file: DialectFile): readonly Property[] {
  if (/^\uFEFF?\s*</.test(file.text)) return readSnapshot(file)
  return /^\uFEFF?\s*[[{]/.test(file.text) ? readAnswer(file) : readLines(file)
}

/** `<esf:configuration pid="…"><esf:properties><esf:property name="…"><esf:value>…`, with any prefix of the namespace or none. */
function readSnapshot({ path, text }: DialectFile): Property[] {
  const source = withoutComments(text)
  const at = placer(path, source)
  const found: Property[] = []
  let pid = ""
  let name: string | undefined
  let isSecret = false
  let nameAt = 0
  let valueAt = -1
  for (const tag of source.matchAll(/<(\/?)(?:[\w.-]{1,40}:)?([\w.-]{1,80})((?:\s[^<>]*)?)>/g)) {
    const [whole, closing, element = "", attributes = ""] = tag
    if (element === "configuration") pid = closing ? "" : attribute(attributes, "pid")
    else if (element === "property" && !closing) {
      name = attribute(attributes, "name")
      isSecret = attribute(attributes, "encrypted") === "true" || attribute(attributes, "type") === "Password"
      nameAt = tag.index
      if (attributes.endsWith("/")) name = undefined
    } else if (element === "value" && !closing) valueAt = tag.index + whole.length
    else if (element === "value" && closing && valueAt >= 0 && name !== undefined) {
      const raw = source.slice(valueAt, tag.index)
      const value = entities(raw.replace(/^\s*<!\[CDATA\[([\s\S]*)\]\]>\s*$/, "$1")).trim()
      // A report is shown to others.
      const text = `${name}=${isSecret ? "…" : shortened(value)}`
      found.push({ pid, name, value: isSecret ? "" : value, text, span: at(nameAt) })
      valueAt = -1
    }
  }
  return found
}

/** Places stay where they were. */
function withoutComments(text: string): string {
  let result = ""
  let from = 0
  for (;;) {
    const start = text.indexOf("<!--", from)
    if (start < 0) return result + text.slice(from)
    const end = text.indexOf("-->", start)
    const stop = end < 0 ? text.length : end + 3
    result += text.slice(from, start) + text.slice(start, stop).replace(/[^\n]/g, " ")
    from = stop
  }
}

function attribute(text: string, name: string): string {
  const found = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`).exec(text)
  return entities(found?.[1] ?? found?.[2] ?? "")
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }

function entities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w{1,8}));/gi, (whole, decimal, hex, name) => {
    const point = decimal ? Number(decimal) : hex ? Number.parseInt(hex, 16) : undefined
    if (point === undefined) return named[name] ?? whole
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole
  })
}

/** `{"configs":[{"pid":"…","properties":{"flooding.protection.enabled":{"type":"BOOLEAN","value":true}}}]}` */
function readAnswer(file: DialectFile): Property[] {
  const tree = readJson(file, [])
  const found: Property[] = []
  const walk = (node: Syntax, pid: string, name: string): void => {
    if (node.kind === "array") for (const item of node.items) walk(item, pid, name)
    else if (node.kind === "object") {
      const own = node.entries.get("pid")
      const inside = own?.kind === "leaf" ? String(own.value) : pid
      for (const [key, value] of node.entries)
        if (!["type", "pid"].includes(key)) walk(value, inside, key === "value" ? name : key)
    } else {
      const value = String(node.value ?? "")
      found.push({ pid, name, value, text: `${name}=${shortened(value)}`, span: node.span })
    }
  }
  if (tree) walk(tree, "", "")
  return found
}

/** Lines of java.util.Properties, and of OSGi's `.config` with typed values (`B"true"`). */
function readLines({ path, text }: DialectFile): Property[] {
  return text.split(/\r\n|\n|\r/).flatMap((line, index): Property[] => {
    const trimmed = line.replace(/^\uFEFF/, "").trim()
    if (trimmed === "" || /^[#!]/.test(trimmed)) return []
    const pair = /^([^\s=:]+)(?:\s*[=:]\s*|\s+)(.*)$/.exec(trimmed)
    const name = (pair?.[1] ?? trimmed).replace(/^"(.*)"$/, "$1")
    const value = (pair?.[2] ?? "").replace(/^[BbTLIS]?"(.*)"$/, "$1").trim()
    const column = line.length - line.trimStart().length + 1
    const span = {
      file: path,
      line: index + 1,
      column,
      endLine: index + 1,
      endColumn: column + trimmed.length,
    }
    return [{ pid: "", name, value, text: trimmed, span }]
  })
}

function placer(file: string, text: string): (offset: number) => Span {
  const starts = [0]
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1)
  let line = 0
  // Offsets come in order.
  return (offset) => {
    while (line + 1 < starts.length && starts[line + 1]! <= offset) line++
    return { file, line: line + 1, column: offset - starts[line]! + 1 }
  }
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ")
  return line.length <= 80 ? line : `${line.slice(0, 79)}…`
}
