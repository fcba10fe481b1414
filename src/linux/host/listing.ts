import { type Generation, generationOf, pauseSet, trialSet } from "../../core/backend/nft/names.js"
import { policyLines } from "../../core/backend/nft/placement.js"
import { ownBypass } from "../../core/policy/compile-bypass.js"
import { liveChain } from "../../core/policy/compile-networks.js"
import { DIGEST_CHAIN } from "./kernel-table.js"
import { list, listTable } from "./nft.js"
import { done, failed, type Outcome } from "./outcome.js"

/** A set, map or chain as nft lists it, without what moves: counters, handles, elements that rules or the guard add. */
export interface Block {
  /** `inet floodwall chain input`, without the letter of its generation. */
  readonly name: string
  readonly lines: readonly string[]
  /** The name of the set or chain with its letter, as the kernel has it. */
  readonly listedAs: string
}

/** One line that stands on one side only. */
export interface Difference {
  readonly where: string
  readonly side: "policy" | "kernel"
  readonly line: string
}

/**
 * What stands in the kernel under one letter, in the form in which two listings are compared. The bookkeeping of a trial or a pause is left out.
 * nft leaves out the same things on both sides, so that what it does not tell (`dynamic` in JSON, `burst 5 packets` in text) cannot differ either.
 */
export function listRules(tables: readonly string[], generation: Generation): Outcome<readonly Block[]> {
  const blocks: Block[] = []
  for (const table of tables) {
    // Terse: a set of 65,535 sources under attack is not what is compared.
    const text = listTable(table)
    if (failed(text)) return text
    for (const block of parseListing(text.value, generation)) {
      if (!isStaticSet(block)) {
        blocks.push(block)
        continue
      }
      const kind = block.name.split(" ").at(-2) ?? "set"
      const full = list("-s", "list", kind, ...table.split(" "), block.listedAs)
      if (failed(full)) return full
      blocks.push(...parseListing(full.value, generation))
    }
  }
  return done(blocks)
}

/** Reads `nft -s list ruleset|table|set`, terse or not. Chains of the other letter, gates and their sets are left out. */
export function parseListing(text: string, generation: Generation): readonly Block[] {
  const blocks: Block[] = []
  let table = ""
  let open: { name: string; lines: string[]; listedAs: string } | undefined
  for (const line of text.split("\n")) {
    const heading = /^\t(set|map|chain) (\S+) \{$/.exec(line)
    if (line.startsWith("table ")) {
      table = line.slice("table ".length, -" {".length)
    } else if (heading) {
      open = { name: `${table} ${heading[1]} ${heading[2]}`, lines: [], listedAs: heading[2] ?? "" }
    } else if (line === "\t}" && open) {
      if (isCompared(open, generation))
        blocks.push(withoutLetter(withoutMoving(isOwnChain(open) ? policyJump(open, generation) : open)))
      open = undefined
    } else if (open && line.trim() !== "") {
      open.lines.push(line.trim())
    }
  }
  return blocks
}

/**
 * Every line that stands on one side only, by block. The order of rules counts: a rule that moved is on both sides. Sets that no rule asks judge nothing, and are
 * no difference: the ledger's outlive a policy that does not need them, and a trial that ran out leaves its limits' behind.
 */
export function compareListings(policy: readonly Block[], kernel: readonly Block[]): readonly Difference[] {
  const asked = new Set(
    kernel.flatMap(({ lines }) => lines.flatMap((line) => line.match(/(?<=@)[^\s,]+/g) ?? [])),
  )
  const counts = ({ name }: Block) => {
    const [kind, own = ""] = name.split(" ").slice(-2)
    return kind === "chain" || asked.has(own) || policy.some((block) => block.name === name)
  }
  const names = [...new Set([...policy, ...kernel.filter(counts)].map(({ name }) => name))]
  const linesOf = (blocks: readonly Block[], name: string) =>
    blocks.find((block) => block.name === name)?.lines
  return names.flatMap((where): readonly Difference[] => {
    const wanted = linesOf(policy, where)
    const found = linesOf(kernel, where)
    if (wanted === undefined) return [{ where, side: "kernel", line: "(not in the policy)" }]
    if (found === undefined) return [{ where, side: "policy", line: "(missing in the kernel)" }]
    return differentLines(wanted, found, where)
  })
}

/** One line for each line of the listing: what is remembered of a load, to see later whether somebody changed it. */
export function flatten(blocks: readonly Block[]): readonly string[] {
  return blocks.flatMap(({ name, lines }) => [name, ...lines.map((line) => `\t${line}`)])
}

function isCompared(block: Block, generation: Generation): boolean {
  const name = block.listedAs
  const letter = generationOf(name)
  return (
    !GATE_SETS.has(name) &&
    name !== liveChain &&
    !name.startsWith(DIGEST_CHAIN) &&
    (letter === null || letter === generation)
  )
}

/** The administrator's chain is not the policy's to compare, but for where it leads to the policy's lines. */
function policyJump(block: Block, generation: Generation): Block {
  return { ...block, lines: block.lines.filter((line) => isPolicyJump(line, generation)) }
}

function isPolicyJump(line: string, generation: Generation): boolean {
  return line.endsWith(` comment "${policyLines}"`) && line.includes(`.${generation} comment`)
}

function isOwnChain({ name }: Block): boolean {
  return name.endsWith(` chain ${ownBypass.name}`)
}

const GATE_SETS: ReadonlySet<string> = new Set([trialSet, pauseSet])
const GATE_RULE = / comment "gate: (trial|kept|pause)"$/

/**
 * Elements of sets whose elements may end, or are added by rules, are left out; those of the others are a line each, in order: a hash set lists its own as its
 * seed has it, another time another way, and so do the sets that are written into rules.
 */
function withoutMoving(block: Block): Block {
  const moves = block.lines.some((line) => /^flags .*\b(dynamic|timeout)\b/.test(line))
  const lines: string[] = []
  let elements: string | undefined
  for (const line of block.lines) {
    if (line.startsWith("elements = {")) elements = ""
    if (elements === undefined) {
      if (!GATE_RULE.test(line)) lines.push(line.replaceAll(/\{ ([^{}]*) \}/g, sortedInside))
      continue
    }
    elements += `${line} `
    if (!line.endsWith("}")) continue
    // One by one: a block list may have more elements than a call takes arguments.
    if (!moves) for (const element of elementsOf(elements)) lines.push(element)
    elements = undefined
  }
  return { ...block, lines }
}

function sortedInside(_all: string, inside: string): string {
  return `{ ${inside.split(", ").sort().join(", ")} }`
}

function elementsOf(text: string): string[] {
  const inside = text.slice(text.indexOf("{") + 1, text.lastIndexOf("}"))
  return inside
    .split(",")
    .map((element) => `element ${element.trim()}`)
    .sort()
}

function isStaticSet({ name, lines }: Block): boolean {
  if (name.split(" ").at(-2) === "chain") return false
  return !lines.some((line) => /^flags .*\b(dynamic|timeout)\b/.test(line))
}

function withoutLetter({ name, lines, listedAs }: Block): Block {
  return {
    listedAs,
    name: name.replace(/\.[ab]$/, ""),
    lines: lines.map((line) => line.replace(/(\bjump |\bgoto |@)([^\s,"]+)\.[ab]\b/g, "$1$2")),
  }
}

/** A rule's comment says which line of a policy it comes from, and judges nothing. */
function meaning(line: string): string {
  return line.replace(/ comment "[^"]*"$/, "")
}

/** The longest common run of lines stays, the rest differs (Myers' question, answered by a table: chains are short). */
function differentLines(wanted: readonly string[], found: readonly string[], where: string): Difference[] {
  if (wanted.length * found.length > LARGE) return unorderedDifferences(wanted, found, where)
  const isSame = (left: number, right: number) => meaning(wanted[left]!) === meaning(found[right]!)
  const common: number[][] = Array.from({ length: wanted.length + 1 }, () =>
    new Array<number>(found.length + 1).fill(0),
  )
  for (let left = wanted.length - 1; left >= 0; left--) {
    for (let right = found.length - 1; right >= 0; right--) {
      common[left]![right] = isSame(left, right)
        ? common[left + 1]![right + 1]! + 1
        : Math.max(common[left + 1]![right]!, common[left]![right + 1]!)
    }
  }
  const differences: Difference[] = []
  let left = 0
  let right = 0
  while (left < wanted.length || right < found.length) {
    if (left < wanted.length && right < found.length && isSame(left, right)) {
      left++
      right++
    } else if (
      right === found.length ||
      (left < wanted.length && common[left + 1]![right]! >= common[left]![right + 1]!)
    ) {
      differences.push({ where, side: "policy", line: wanted[left++]! })
    } else {
      differences.push({ where, side: "kernel", line: found[right++]! })
    }
  }
  return differences
}

/** Lines of a block list of a hundred thousand elements: their order is nft's, and does not matter. */
function unorderedDifferences(
  wanted: readonly string[],
  found: readonly string[],
  where: string,
): Difference[] {
  const inPolicy = new Set(wanted.map(meaning))
  const inKernel = new Set(found.map(meaning))
  return [
    ...wanted
      .filter((line) => !inKernel.has(meaning(line)))
      .map((line) => ({ where, side: "policy" as const, line })),
    ...found
      .filter((line) => !inPolicy.has(meaning(line)))
      .map((line) => ({ where, side: "kernel" as const, line })),
  ]
}

const LARGE = 4_000_000
