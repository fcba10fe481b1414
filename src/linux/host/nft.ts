import type { Diagnostic } from "../../core/base/diagnostic.js"
import { done, fail, failed, type Outcome } from "./outcome.js"
import { run } from "./run.js"

/** One complaint of nft: `/dev/stdin:12:3-40: Error: Could not process rule: No such file or directory`. Line and columns are of the text it was given. */
export interface NftError {
  readonly line?: number
  readonly column?: number
  readonly message: string
  /** The line that it complains about. */
  readonly text?: string
}

/** Reads what nft prints to standard error, below each complaint the line and a row of carets. */
export function parseNftErrors(error: string, input: string): readonly NftError[] {
  const lines = input.split("\n")
  const found = [...error.matchAll(/^(?:[^\n:]+:(\d+):(\d+)(?:-\d+)?: )?(?:netlink: )?Error: (.+)$/gm)].map(
    ([, line, column, message = ""]): NftError => {
      const text = line === undefined ? undefined : lines[Number(line) - 1]?.trim()
      return {
        message,
        ...(line === undefined ? {} : { line: Number(line), column: Number(column) }),
        ...(text === undefined ? {} : { text }),
      }
    },
  )
  if (found.length > 0) return found
  return [{ message: error.trim().split("\n")[0] || "nft failed without a word" }]
}

/** Gives the kernel one transaction. The errors are nft's own: a caller that expects one (a trial that is over) looks for it. */
export function loadTransaction(text: string): readonly NftError[] | undefined {
  const ran = run("nft", ["-f", "-"], text)
  if (ran === undefined) return [{ message: "the program nft could not be started" }]
  return ran.status === 0 ? undefined : parseNftErrors(ran.error, text)
}

/** As `loadTransaction`; an error is a failure of this machine, all of nft's complaints in it. */
export function load(text: string): Outcome<void> {
  const errors = loadTransaction(text)
  return errors === undefined ? done(undefined) : refusedByKernel(errors)
}

export function refusedByKernel(errors: readonly NftError[]): ReturnType<typeof fail> {
  const diagnostics = errors.slice(0, 5).map(
    (error): Diagnostic => ({
      id: "kernel-refuses",
      severity: "error",
      message: `the kernel refuses the rules, and nothing was changed: ${error.message}`,
      hint:
        error.text === undefined ? "nft list ruleset shows what runs" : `it is about: ${shorten(error.text)}`,
    }),
  )
  return { failure: { kind: "cannot", diagnostics } }
}

/** What `nft ARGS` prints. */
export function list(...args: string[]): Outcome<string> {
  const ran = run("nft", args)
  if (ran?.status === 0) return done(ran.output)
  const [error] = parseNftErrors(ran?.error ?? "", "")
  return fail("cannot", "kernel-unreadable", `nft ${args.join(" ")}: ${error?.message ?? "nothing"}`)
}

/**
 * Names all tables, without their contents. Not `list tables`: nft 1.0.6 reads every element of every set for it, and for `list table` and `list chain`, terse or not: half a
 * second of processor time for a hundred thousand blocked sources, or for those that a flood has left in the limits' sets.
 */
export const askTables = ["list", "chains"] as const

/** Names of the tables, as `family name`. */
export function listTables(): Outcome<readonly string[]> {
  const listed = list(...askTables)
  if (failed(listed)) return listed
  return done(listed.value.split("\n").flatMap((line) => /^table (\S+ \S+) \{/.exec(line)?.[1] ?? []))
}

/** The words that list all tables of a place's family (`inet floodwall`) without elements of sets, but for sets that are written into rules: the only listing that nft 1.0.6 does not read all elements for. */
export function askTerse(place: string): readonly string[] {
  return ["-t", "list", "ruleset", place.split(" ")[0]!]
}

/** One table, terse and without counters, as `nft -s -t list table` prints it. */
export function listTable(place: string): Outcome<string> {
  const words = ["-s", ...askTerse(place)]
  const listed = list(...words)
  if (failed(listed)) return listed
  const table = tableIn(listed.value, place)
  if (table === undefined)
    return fail("cannot", "kernel-unreadable", `nft ${words.join(" ")}: there is no table ${place}`)
  return done(table)
}

/** A table's part of a listing of many. */
export function tableIn(listing: string, place: string): string | undefined {
  const lines = listing.split("\n")
  const from = lines.findIndex((line) => line.startsWith(`table ${place} {`))
  if (from < 0) return undefined
  return `${lines.slice(from, lines.indexOf("}", from) + 1).join("\n")}\n`
}

function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 199)}…`
}
