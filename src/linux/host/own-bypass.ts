import { policyLines } from "../../core/backend/nft/placement.js"
import { tableName } from "../../core/policy/compile.js"
import { ownBypass } from "../../core/policy/compile-bypass.js"
import { readText, writeAtomically } from "./files.js"
import { listTable, load } from "./nft.js"
import { done, fail, failed, type Outcome } from "./outcome.js"
import type { State } from "./state.js"

const TABLE = `inet ${tableName}`
const PLACE = `${TABLE} ${ownBypass.name}`
const ADD = `add rule ${PLACE} `
const MOST = 1 << 20

/** What the administrator wrote into the chain `bypass`, a rule a line, as nft takes it again; what is the policy's is left out. */
export function readOwnBypass(): Outcome<readonly string[]> {
  const listed = listTable(TABLE)
  if (failed(listed)) return listed
  if (!listed.value.includes(HEADING))
    return fail("cannot", "kernel-unreadable", `there is no chain ${PLACE} in the kernel`)
  return done(ownLines(listed.value))
}

const HEADING = `\tchain ${ownBypass.name} {\n`

/** The same out of `nft -s list table`, or `list chain`. */
export function ownLines(listing: string): readonly string[] {
  const from = listing.indexOf(HEADING)
  if (from < 0) return []
  const rules = listing.slice(from + HEADING.length, listing.indexOf("\t}\n", from + HEADING.length))
  return rules
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.endsWith(` comment "${policyLines}"`))
}

/**
 * Remembers what stands there now, as text that nft takes: a flush by somebody else does not take it away for good, and neither does a reboot where `floodwall enable` made a unit. 0: nothing is
 * put back by it.
 */
export function rememberOwnBypass(state: State): Outcome<number> {
  const own = readOwnBypass()
  if (failed(own)) return own
  const text = textOf(own.value)
  const isKnown = state.memory?.ownBypass === text
  if (state.memory) state.memory.ownBypass = text
  if (text === (readText(state.bypassText) ?? "")) return done(0)
  try {
    writeAtomically(state.bypassText, text)
  } catch (error) {
    // Told once: it is tried again with every change of the rules.
    if (isKnown) return done(0)
    return fail("cannot", "unwritable-file", `${state.bypassText}: ${(error as Error).message}`)
  }
  return done(0)
}

/** Puts what is remembered into the chain, where it has gone together with the table. How many rules. */
export function restoreOwnBypass(state: State): Outcome<number> {
  const text = state.memory?.ownBypass ?? readText(state.bypassText) ?? ""
  if (state.memory) state.memory.ownBypass = text
  const remembered = text.split("\n").filter((line) => line !== "")
  const own = readOwnBypass()
  if (failed(own)) return own
  if (remembered.length === 0 || own.value.length > 0) return done(0)
  const loaded = load(`${remembered.join("\n")}\n`)
  return failed(loaded) ? loaded : done(remembered.length)
}

/** Whether a rule lets past whatever comes, or all that comes by a device. */
export function opensAll(line: string): boolean {
  const asked = line
    .replace(/ comment ".*"$/, "")
    .replace(/\bcounter\b( packets \d+ bytes \d+)?/g, "")
    .replace(/\b(iifname|oifname|iif|oif|meta nfproto|meta protocol) (!= )?("[^"]*"|\{[^}]*\}|\S+)/g, "")
  return asked.trim() === "accept"
}

function textOf(lines: readonly string[]): string {
  const text = lines.map((line) => `${ADD}${line}\n`).join("")
  return text.length > MOST ? "" : text
}

/**
 * What the boot unit runs before it stops, at a shutdown among others: the same without Node. A chain that is not there, for somebody has flushed everything, leaves what was remembered before.
 * Quotation marks and `$` are a unit's (systemd.service(5), "Command lines"); nothing in it takes a backslash.
 */
export function rememberCommand(nft: string, file: string): string {
  return `/bin/sh -c 'umask 077; ${nft} -s list chain ${PLACE} >${file}.listed && sed -n -e "/ comment .${policyLines}.$$/d" -e "s/^[[:blank:]][[:blank:]]/${ADD}/p" <${file}.listed >${file}.new && mv ${file}.new ${file}; rm -f ${file}.listed'`
}

/** And what it runs behind the rules: a mistake in it must not take the rules away. */
export function restoreCommand(nft: string, file: string): string {
  return `/bin/sh -c 'test ! -s ${file} || exec ${nft} -f ${file}'`
}
