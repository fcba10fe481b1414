import { closeSync, openSync, statSync } from "node:fs"
import { dirname, isAbsolute, join } from "node:path"
import { type RuleFormat, readRules, recogniseFormat } from "../../core/backend/formats.js"
import { isForLegacy } from "../../core/backend/iptables/program.js"
import type { RuleFile } from "../../core/backend/read-rules.js"
import type { Diagnostic, Problem } from "../../core/base/diagnostic.js"
import type { Ruleset } from "../../core/ruleset/ruleset.js"
import { reasonOf } from "../capture/reason.js"
import { glob } from "../host/glob.js"
import type { Io } from "./output.js"
import { readOpen } from "./policy-file.js"
import type { ChosenFormat } from "./rule-options.js"

/** Somebody's rules, of one file or of several that the kernel would have side by side. */
export interface OpenedRules {
  /** For people: the files' names. */
  readonly name: string
  readonly files: readonly OpenedFile[]
  readonly ruleset: Ruleset
  /** Not reported yet. */
  readonly diagnostics: readonly Diagnostic[]
  /** Rules of iptables are for iptables-legacy. */
  readonly legacy?: boolean
}

export interface OpenedFile {
  readonly path: string
  readonly format: RuleFormat
  readonly ruleset: Ruleset
}

/** A text that was named on the command line. */
export interface NamedText {
  readonly path: string
  readonly text: string
}

/**
 * Reads files of rules, each in the format that was said (one for all, or one for each) or that its text tells, which is noted on standard
 * error. What cannot be read, or is no rules, has been reported: undefined, and the exit is 2.
 */
export function openRules(
  paths: readonly string[],
  formats: readonly ChosenFormat[],
  folders: readonly string[],
  io: Io,
): OpenedRules | undefined {
  const texts: NamedText[] = []
  for (const path of paths) {
    const named = readNamed(path, io)
    if (named === undefined) return undefined
    texts.push(named)
  }
  return openTexts(texts, formats, folders, io)
}

/** The same, of texts that were read already. */
export function openTexts(
  texts: readonly NamedText[],
  formats: readonly ChosenFormat[],
  folders: readonly string[],
  io: Io,
): OpenedRules | undefined {
  const files: OpenedFile[] = []
  const diagnostics: Diagnostic[] = []
  for (const [index, named] of texts.entries()) {
    const chosen = said(formats, index)
    if (chosen === undefined && isEmpty(named) && texts.some((other) => !isEmpty(other))) {
      io.note(`Rules: ${named.path} is empty, and taken for no rules`)
      continue
    }
    const asked = chosen === undefined ? formatsOf(named, io) : [chosen.format]
    if (asked === undefined) return undefined
    for (const format of asked) {
      const { ruleset, diagnostics: found } = readRules(fileOf(named, folders), format)
      diagnostics.push(...newOf(found, diagnostics))
      files.push({ path: named.path, format, ruleset })
    }
  }
  return {
    name: texts.map(({ path }) => path).join(" and "),
    files,
    ruleset: { tables: files.flatMap(({ ruleset }) => ruleset.tables) },
    diagnostics: [...diagnostics, ...tablesTwice(files)],
    legacy: texts.some((named, index) => isForLegacyHere(named, said(formats, index), files)),
  }
}

/** One choice is for all files. */
function said(formats: readonly ChosenFormat[], index: number): ChosenFormat | undefined {
  return formats.length > 1 ? formats[index] : formats[0]
}

function isForLegacyHere(
  { path, text }: NamedText,
  chosen: ChosenFormat | undefined,
  files: readonly OpenedFile[],
): boolean {
  if (chosen?.program !== undefined) return chosen.program === "legacy"
  return isXtables(path, files) && isForLegacy(text)
}

/** A file's text; what cannot be read has been reported. */
export function readNamed(path: string, io: Io): NamedText | undefined {
  const read = path === "-" ? readOpen(0) : readFile(path)
  if ("text" in read) return { path: path === "-" ? "standard-input" : path, text: read.text }
  io.wrong("unreadable-file", `${path} cannot be read: ${read.problem}`)
  return undefined
}

/** ip6tables-save of iptables-nft prints nothing where nobody has made a rule of IPv6. */
function isEmpty({ text }: NamedText): boolean {
  return text.trim() === ""
}

/** What else a second reading of a file has found. */
function newOf(found: readonly Diagnostic[], told: readonly Diagnostic[]): readonly Diagnostic[] {
  const known = new Set(told.map((each) => JSON.stringify(each)))
  return found.filter((each) => !known.has(JSON.stringify(each)))
}

/** Mostly one; a script of both of iptables' programs is read for both. Undefined: it is none, which has been reported. */
function formatsOf({ path, text }: NamedText, io: Io): readonly RuleFormat[] | undefined {
  const found = recogniseFormat(text)
  if (isEmpty({ path, text })) {
    // What `iptables-save | …` leaves where it was not permitted looks so, too.
    io.wrong("unknown-rule-format", `${path} is empty`, "--format nft says that there really are no rules")
    return undefined
  }
  if (found === undefined) {
    io.wrong(
      "unknown-rule-format",
      `${path}: neither what iptables-save prints, nor what nft reads or prints`,
      "--format iptables, ip6tables, nft or nft-json says what it is",
    )
    return undefined
  }
  if (found.format === "policy") {
    io.wrong("bad-command-line", `${path} is a policy, by ${found.because}`, `--policy ${path}`)
    return undefined
  }
  const formats = found.also === undefined ? [found.format] : [found.format, found.also]
  io.note(`Rules: ${path} (${formats.join(" and ")}, by ${found.because})`)
  return formats
}

/** A file's text, or why there is none. */
export function readFile(path: string): ReturnType<typeof readOpen> {
  let descriptor: number
  try {
    descriptor = openSync(path, "r")
  } catch (error) {
    return { problem: reasonOf(error) }
  }
  try {
    return readOpen(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function fileOf({ path, text }: NamedText, folders: readonly string[]): RuleFile {
  return { path, text, include: (pattern, from) => included(pattern, from, folders) }
}

/** Where nft looks (nft 1.0.6: `./` is the current directory, other names lie in /etc), and beside the file that includes. */
function included(pattern: string, from: string, folders: readonly string[]): readonly RuleFile[] | Problem {
  const beside = dirname(from)
  const places = isAbsolute(pattern)
    ? [""]
    : pattern.startsWith("./")
      ? [".", beside]
      : [".", beside, ...folders, "/etc"]
  for (const place of places) {
    const paths = glob(place === "" ? pattern : join(place, pattern)).filter(isFile)
    if (paths.length === 0) continue
    const files: RuleFile[] = []
    for (const path of paths) {
      const read = readFile(path)
      if ("problem" in read)
        return { id: "unreadable-file", message: `${path} cannot be read: ${read.problem}` }
      files.push(fileOf({ path, text: read.text }, folders))
    }
    return files
  }
  // As nft has it, a pattern may match nothing.
  if (/[*?[]/.test(pattern)) return []
  const where = [...new Set(places)].filter((place) => place !== "")
  return {
    id: "unreadable-file",
    message: `${pattern} cannot be read: no such file${where.length > 0 ? ` in ${where.join(", ")}` : ""}`,
    hint: "-I FOLDER says where else to look",
  }
}

function isXtables(path: string, files: readonly OpenedFile[]): boolean {
  return files.some((file) => file.path === path && /^ip6?tables$/.test(file.format))
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

/** The kernel would have one table of both files' rules, or the second file would have replaced the first: which, the files do not say. */
function tablesTwice(files: readonly OpenedFile[]): readonly Diagnostic[] {
  const owners = new Map<string, OpenedFile>()
  return files.flatMap((file) =>
    file.ruleset.tables.flatMap(({ family, name }): Diagnostic[] => {
      const key = `${family} ${name}`
      const owner = owners.get(key)
      owners.set(key, file)
      if (owner === undefined || owner === file) return []
      return [
        {
          id: "duplicate-name",
          severity: "error",
          message: `${owner.path} and ${file.path} both have the table ${key}`,
          hint: "--rules takes one file for each IP version, or files with tables of their own",
        },
      ]
    }),
  )
}
