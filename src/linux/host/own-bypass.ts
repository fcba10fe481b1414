import { policyLines } from "../../core/backend/nft/placement.js"
import { tableName } from "../../core/policy/compile.js"
import { ownBypass } from "../../core/policy/compile-bypass.js"
import { readText, writeAtomically } from "./files.js"
import { list, load } from "./nft.js"
import { done, fail, failed, type Outcome } from "./outcome.js"
import type { State } from "./state.js"

const PLACE = `inet ${tableName} ${ownBypass.name}`
const MOST = 1 << 20

/** What the administrator wrote into the chain `bypass`, a rule a line, as nft takes it again; what is the policy's is left out. */
export function readOwnBypass(): Outcome<readonly string[]> {
  const listed = list("-s", "list", "chain", ...PLACE.split(" "))
  return failed(listed) ? listed : done(ownLines(listed.value))
}

/** The same out of `nft -s list chain`. */
export function ownLines(listing: string): readonly string[] {
  const lines = listing.split("\n")
  const from = lines.findIndex((line) => line.startsWith("\tchain "))
  const rules = from < 0 ? [] : lines.slice(from + 1, lines.lastIndexOf("\t}"))
  return rules
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.endsWith(` comment "${policyLines}"`))
}

/** Remembers what stands there now, so that a flush by somebody else does not take it away for good. 0: nothing is put back by it. */
export function rememberOwnBypass(state: State): Outcome<number> {
  const own = readOwnBypass()
  if (failed(own)) return own
  const text = textOf(own.value)
  const isKnown = state.memory?.ownBypass === text
  if (state.memory) state.memory.ownBypass = text
  if (text === (readText(fileOf(state)) ?? "")) return done(0)
  try {
    writeAtomically(fileOf(state), text)
  } catch (error) {
    // Told once: it is tried again with every change of the rules.
    if (isKnown) return done(0)
    return fail("cannot", "unwritable-file", `${fileOf(state)}: ${(error as Error).message}`)
  }
  return done(0)
}

/** Puts what is remembered into the chain, where it has gone together with the table. How many rules. */
export function restoreOwnBypass(state: State): Outcome<number> {
  const text = state.memory?.ownBypass ?? readText(fileOf(state)) ?? ""
  if (state.memory) state.memory.ownBypass = text
  const remembered = text.split("\n").filter((line) => line !== "")
  const own = readOwnBypass()
  if (failed(own)) return own
  if (remembered.length === 0 || own.value.length > 0) return done(0)
  const loaded = load(remembered.map((line) => `add rule ${PLACE} ${line}\n`).join(""))
  return failed(loaded) ? loaded : done(remembered.length)
}

function textOf(lines: readonly string[]): string {
  const text = lines.map((line) => `${line}\n`).join("")
  return text.length > MOST ? "" : text
}

function fileOf({ folder }: State): string {
  return `${folder}/bypass`
}
