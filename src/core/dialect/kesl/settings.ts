import { readJson } from "../../backend/nft/read/json.js"
import type { Syntax } from "../../backend/nft/read/syntax.js"
import type { Span } from "../../base/diagnostic.js"
import type { DialectFile } from "../imported.js"

/** One setting of an export, wherever it stands in it: `MonitoringTask.item_0007.Settings.BlockDurationMinutes`. */
export interface Setting {
  readonly path: readonly string[]
  readonly value: string
  /** The line as written. */
  readonly text: string
  readonly span: Span
}

export interface ReadSettings {
  readonly settings: readonly Setting[]
  /** Lines that are neither settings nor sections, comments nor empty. */
  readonly others: readonly { readonly text: string; readonly span: Span }[]
  /** Where reading stopped: JSON that is none. */
  readonly broken?: { readonly message: string; readonly span: Span }
}

/** What `kesl-control --get-settings` prints, as INI or with `--json` as JSON; whichever the text is. */
export function readSettings(file: DialectFile): ReadSettings {
  return /^\uFEFF?\s*\{/.test(file.text) ? readJsonSettings(file) : readIniSettings(file)
}

/** `[Section.item_0000]`, `Name=value`, `# comment`; values with spaces stand in quotes. */
function readIniSettings({ path, text }: DialectFile): ReadSettings {
  const settings: Setting[] = []
  const others: ReadSettings["others"][number][] = []
  let section: readonly string[] = []
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = raw.replace(/^\uFEFF/, "")
    const trimmed = line.trim()
    if (trimmed === "" || /^[#;]/.test(trimmed)) continue
    const column = line.length - line.trimStart().length + 1
    const span: Span = {
      ...{ file: path, line: index + 1, column },
      ...{ endLine: index + 1, endColumn: column + trimmed.length },
    }
    const heading = /^\[([^\]]*)\]$/.exec(trimmed)
    const pair = /^([A-Za-z_][\w.-]*)\s*=\s*(.*)$/.exec(trimmed)
    if (heading) section = heading[1]!.trim().split(".")
    else if (pair) {
      const [, name = "", value = ""] = pair
      settings.push({
        path: [...section, ...name.split(".")],
        value: value.replace(/^"(.*)"$/, "$1"),
        text: trimmed,
        span,
      })
    } else {
      const command = setSettings.exec(trimmed)
      if (command) settings.push(...commandSettings(command, trimmed, span))
      else others.push({ text: trimmed, span })
    }
  }
  return { settings, others }
}

/** `kesl-control --set-settings 17 Name=Value …`: the task by its number or its name. */
const setSettings =
  /^(?:sudo\s+)?(?:\S*\/)?k[a-z]+-control\s+(?:-T\s+)?--set-settings\s+(?:17|Network_Threat_Protection)\s+(?=\S+=)/i

function commandSettings(command: RegExpExecArray, line: string, span: Span): readonly Setting[] {
  const from = command[0].length
  return [...line.slice(from).matchAll(/([A-Za-z_][\w.-]*)=("[^"]*"|'[^']*'|\S*)/g)].map((pair) => {
    const [text, name = "", value = ""] = pair
    const column = span.column + from + pair.index
    return {
      path: name.split("."),
      value: value.replace(/^(["'])(.*)\1$/, "$2"),
      text,
      span: { ...span, column, endColumn: column + text.length },
    }
  })
}

function readJsonSettings(file: DialectFile): ReadSettings {
  const diagnostics: Parameters<typeof readJson>[1] = []
  const tree = readJson(file, diagnostics)
  const [broken] = diagnostics
  if (tree === undefined) {
    const span = broken?.span ?? { file: file.path, line: 1, column: 1 }
    return { settings: [], others: [], broken: { message: broken?.message ?? "this is no JSON", span } }
  }
  const lines = file.text.split("\n")
  const settings: Setting[] = []
  const walk = (value: Syntax, path: readonly string[]): void => {
    if (value.kind === "object") {
      for (const [key, inner] of value.entries) walk(inner, [...path, ...key.split(".")])
    } else if (value.kind === "array") {
      for (const [index, item] of value.items.entries()) walk(item, [...path, itemName(index)])
    } else {
      const line = lines[value.span.line - 1] ?? ""
      const isAlone = line.length < LONGEST_LINE
      const written = `"${path.join(".")}": ${JSON.stringify(value.value)}`
      settings.push({
        path,
        value: jsonText(value.value),
        text: isAlone && line.split(":").length === 2 ? line.trim().replace(/,$/, "") : written,
        span: value.span,
      })
    }
  }
  walk(tree, [])
  return { settings, others: [] }
}

/** Longer lines hold many settings. */
const LONGEST_LINE = 200

function jsonText(value: string | number | boolean | null): string {
  return typeof value === "boolean" ? (value ? "Yes" : "No") : String(value ?? "")
}

export function itemName(index: number): string {
  return `item_${String(index).padStart(4, "0")}`
}
