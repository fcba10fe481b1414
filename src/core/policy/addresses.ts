import type { Problem, Span } from "../base/diagnostic.js"
import { isProblem } from "../base/diagnostic.js"
import { didYouMean } from "../base/nearest.js"
import { type Prefix, parsePrefix, unmapped } from "../base/prefix.js"
import { readAddressList } from "./address-list.js"
import { type PolicyEnvironment, pathFrom, unreadable } from "./environment.js"
import type { NamedAddresses, WrittenAddresses } from "./policy.js"
import type { Report } from "./report.js"
import { describe, flowText, type MapEntry, type Node, type ScalarNode, shorten } from "./tree.js"

/** Names inside names multiply: a policy of so many addresses, counted in each name again, is a mistake or an attack. */
const addressesMaximum = 8_000_000
const depthMaximum = 100

interface Name {
  readonly entry: MapEntry
  state: "unread" | "reading" | "read"
  addresses: WrittenAddresses
  used: boolean
}

/** The names that a policy gives to addresses. Names may stand for others; a name that stands for itself is a mistake. */
export class AddressBook {
  private readonly names = new Map<string, Name>()
  private readonly files = new Map<string, readonly Prefix[]>()
  private held = 0
  private depth = 0
  private readonly environment: PolicyEnvironment
  private readonly report: Report

  constructor(node: Node | undefined, environment: PolicyEnvironment, report: Report) {
    this.environment = environment
    this.report = report
    if (!node) return
    if (node.kind !== "map") {
      report.error("wrong-kind", node.span, `addresses is a map of names, not ${describe(node)}`, {
        hint: "addresses: { office: 198.51.100.0/24 }",
      })
      return
    }
    for (const entry of node.entries) {
      const { key } = entry
      if (!/^[a-z_][\w.-]*$/i.test(key.text) || key.text === "file") {
        report.error("bad-name", key.span, `"${key.text}" cannot be the name of addresses`, {
          hint: "a name begins with a letter and has letters, digits, - and _",
        })
      }
      this.names.set(key.text, { entry, state: "unread", addresses: nothing, used: false })
    }
    for (const name of this.names.values()) this.readName(name)
  }

  /** A word where addresses stand: an address, a network or a name. */
  word(text: string): readonly Prefix[] | Problem {
    const prefix = parsePrefix(text)
    if (!isProblem(prefix)) return [unmapped(prefix)]
    const name = this.names.get(text)
    if (name) {
      name.used = true
      return this.readName(name).prefixes
    }
    return this.unknownWord(text, prefix)
  }

  /** A scalar or a list of words and `file PATH`. With `bareFiles`, a word that can only be a path is one (blocklists). */
  list(node: Node, bareFiles = false): WrittenAddresses {
    const prefixes: Prefix[] = []
    const written: string[] = []
    for (const item of this.scalars(node)) {
      const file = this.filePath(item, bareFiles)
      if (file !== undefined) {
        append(prefixes, this.file(file, item.span))
        written.push(`file ${file}`)
        continue
      }
      const found = this.word(item.text)
      if (isProblem(found)) this.report.problem(found, item.span)
      else if (this.held + prefixes.length + found.length > addressesMaximum) this.tooMany(item.span)
      else append(prefixes, found)
      written.push(item.text)
    }
    // The same name by two ways brings the same addresses.
    const distinct = written.length > 1 ? [...new Set(prefixes)] : prefixes
    this.held += distinct.length
    return { prefixes: distinct, written }
  }

  /** All names, for the loaded policy; those that nothing uses are told. */
  all(): NamedAddresses[] {
    return [...this.names].map(([name, { entry, addresses, used }]) => {
      if (!used) {
        this.report.lint("unused-name", entry.key.span, `nothing uses the name "${name}"`)
      }
      const origin = { span: entry.key.span, text: `${name}: ${flowText(entry.value)}` }
      return { name, ...addresses, origin }
    })
  }

  private readName(name: Name): WrittenAddresses {
    if (name.state === "reading") {
      const { key } = name.entry
      this.report.error(
        "address-cycle",
        key.span,
        `"${key.text}" stands for itself, directly or by other names`,
      )
      return nothing
    }
    if (name.state === "unread") {
      if (this.depth >= depthMaximum) {
        const { key } = name.entry
        return (
          this.report.error("too-many-addresses", key.span, `names are inside names ${depthMaximum} deep`) ??
          nothing
        )
      }
      name.state = "reading"
      this.depth++
      name.addresses = this.list(name.entry.value)
      this.depth--
      name.state = "read"
    }
    return name.addresses
  }

  private tooMany(span: Span): void {
    this.report.error(
      "too-many-addresses",
      span,
      `the names hold more than ${addressesMaximum} addresses together`,
    )
  }

  private scalars(node: Node): ScalarNode[] {
    if (node.kind === "scalar") return [node]
    if (node.kind === "list") return node.items.flatMap((item) => this.scalars(item))
    if (node.kind === "empty") {
      this.report.error("empty-value", node.span, "no address stands here", { hint: "an empty list is []" })
      return []
    }
    const hint = "addresses are a list: [192.0.2.1, 2001:db8::/32], or one a line with dashes"
    this.report.error("wrong-kind", node.span, "addresses are expected here, not a map", { hint })
    return []
  }

  private filePath(item: ScalarNode, bareFiles: boolean): string | undefined {
    // Told as an unknown address, with a hint.
    if (/^(file\s+)?[a-z]+:\/\//i.test(item.text)) return undefined
    const word = /^file\s+(.+)$/.exec(item.text)?.[1]
    if (word !== undefined) return pathFrom(item.span.file, word.trim())
    if (!bareFiles || this.names.has(item.text) || looksLikeAddress(item.text)) return undefined
    return /[/.]/.test(item.text) ? pathFrom(item.span.file, item.text) : undefined
  }

  private file(path: string, span: Span): readonly Prefix[] {
    const known = this.files.get(path)
    if (known) return known
    const read = this.environment.read(path)
    if ("problem" in read) {
      this.report.problem(unreadable(path, read.problem), span)
      return []
    }
    const prefixes = readAddressList(path, read.text, this.report)
    this.files.set(path, prefixes)
    return prefixes
  }

  private unknownWord(text: string, problem: Problem): Problem {
    const id = "unknown-address"
    const message = `"${shorten(text)}" is not an address, nor a name under addresses`
    if (/^(file\s+)?[a-z]+:\/\//i.test(text)) {
      return { id, message, hint: "nothing is fetched: download it, and name the file" }
    }
    if (/[,\s]/.test(text)) return { id, message, hint: "several are a list: [192.0.2.1, 198.51.100.0/24]" }
    if (/^[\d.]+-[\d.]+$/.test(text))
      return { id, message, hint: "a range is written as networks: 192.0.2.0/28" }
    if (looksLikeAddress(text) || problem.id !== "not-an-address") return problem
    const near = didYouMean(text, this.names.keys())
    const hint =
      near ??
      (/[/.]/.test(text)
        ? "host names are not looked up: write the addresses; a list is written file PATH"
        : this.names.size > 0
          ? `names are ${[...this.names.keys()].slice(0, 20).join(", ")}`
          : "define it under addresses")
    return { id, message, hint }
  }
}

const nothing: WrittenAddresses = { prefixes: [], written: [] }

/** Digits and dots, or hexadecimal and colons: somebody meant an address. */
function looksLikeAddress(text: string): boolean {
  return /^[\d.]+(\/\w*)?$/.test(text) || (/^[0-9a-f:.]+(\/\w*)?$/i.test(text) && text.includes(":"))
}

/** `push(...many)` ends with the stack at a hundred thousand. */
function append(all: Prefix[], more: readonly Prefix[]): void {
  for (const prefix of more) all.push(prefix)
}
