import { type Context, refuse, targetsOf } from "./context.js"
import { acceptedBefore } from "./hidden.js"
import { Item } from "./item.js"
import type { ScopeLine } from "./model.js"
import type { Asked } from "./protection-asked.js"
import { askFlags } from "./protection-flags.js"
import { askConnectionRate, askConnections, askRate } from "./protection-limits.js"
import { isTypeWord, readTypes, type WrittenType } from "./type-words.js"

/** A line with `protection`: an item for each type that it names. */
export function translateProtection(line: ScopeLine, context: Context): readonly Item[] {
  const { command, scope } = line
  const [first, ...others] = line.words
  const reverse = first === "reverse"
  const [text, ...written] = reverse ? others : line.words
  if (text === undefined) {
    const item = new Item(
      command,
      "nothing",
      "A protection without a type asks for nothing, and FireHOL does not say so.",
      false,
    )
    return [item.tell("firehol-bad-argument", "protection names no type", "protection strong")]
  }
  const { types, unknown, isNone } = readTypes(text)
  if (unknown) {
    const item = new Item(command, "refused", "", true)
    refuse(item, context, `"${unknown.word}" is no type of protection.`)
    item.tell("firehol-unknown-type", `"${unknown.word}" is not a type of protection`, unknown.hint)
    return [item.differs("lost", "What is meant is not guessed.")]
  }
  if (isNone || types.length === 0)
    return [new Item(command, "nothing", "It asks for no protection, as it says.", false)]
  const unquoted = written.filter(isTypeWord)
  const isClient = types.some(({ members }) =>
    members.some(({ type }) => type.takes !== "nothing" && type.takes !== "rate"),
  )
  const loose = isClient ? [] : unquoted.flatMap((word) => readTypes(word).types)
  const args = isClient ? written : written.filter((word) => !isTypeWord(word))
  const accepted = acceptedBefore(line, reverse, context)
  const targets = targetsOf(scope, reverse, context)
  const items: Item[] = []
  for (const each of [...types, ...loose]) {
    const item = new Item(command, "works", "", true)
    items.push(item)
    const isLoose = loose.includes(each)
    if (targets.length === 0)
      item.differs("lost", `No zone stands for ${scope.kind} ${scope.name}: its devices are not known.`)
    const isRated = types.some(({ members }) => members.some(({ type }) => type.takes === "rate"))
    if (loose.length > 0) unquotedTypes(item, each, { isLoose, isRated }, unquoted, context)
    if (each.afterGroup && !isLoose) behindGroup(item, each, types, context)
    if (context.exact && item.owner === "nothing") continue
    if (context.exact && item.owner === "refused") {
      item.differs("same", "FireHOL loads nothing of it, and so the policy has nothing.")
      continue
    }
    askType(each, isLoose ? [] : args, { line, item, targets, context, accepted })
  }
  refuseTogether(items)
  return items
}

/** FireHOL stops at the first type that is wrong: nothing is left of the others on the line. */
function refuseTogether(items: readonly Item[]): void {
  const wrong = items.find(({ owner }) => owner === "refused")
  if (wrong) for (const item of items) item.owned("refused", wrong.ownerDoes)
}

function unquotedTypes(
  item: Item,
  each: WrittenType,
  { isLoose, isRated }: { readonly isLoose: boolean; readonly isRated: boolean },
  unquoted: readonly string[],
  context: Context,
): void {
  item.tell(
    "firehol-unquoted-types",
    `"${unquoted.join(" ")}" stands where the rate should: the quotation marks around the types are missing`,
    'protection "syn-floods malformed-xmas"',
  )
  if (isRated)
    refuse(item, context, `${unquoted[0]} becomes the rate of the limit, and iptables-restore stops at it.`)
  else if (isLoose)
    item.owned(
      "nothing",
      `${each.word}: FireHOL takes it for a word that it does not need, and leaves it out.`,
    )
  if (isLoose && !context.exact)
    item.differs("stricter", "What is written is carried over as if it were in quotation marks.")
}

function behindGroup(item: Item, each: WrittenType, types: readonly WrittenType[], context: Context): void {
  const group = types.find(({ isGroup }) => isGroup)!.word
  item.tell(
    "firehol-after-group",
    `${each.word} stands behind ${group} in one list, and FireHOL reads nothing behind a group`,
    `protection ${each.word}, on a line of its own`,
  )
  item.owned("nothing", `${each.word}: left out without a word, for it stands behind ${group}.`)
  if (!context.exact) item.differs("stricter", `${each.word} is carried over, as it is written.`)
}

function askType(
  written: WrittenType,
  args: readonly string[],
  around: Omit<Asked, "word" | "type" | "group">,
): void {
  const { item } = around
  checkPlace(around)
  for (const { word, type } of written.members) {
    const asked: Asked = { ...around, word, type, ...(written.isGroup && { group: written.word }) }
    if (type.takes === "nothing") askFlags(asked)
    else if (type.takes === "rate") askRate(asked, args)
    else if (type.takes === "connections") askConnections(asked, args)
    else askConnectionRate(asked, args)
  }
  const floods = written.members.some(({ type }) => type.takes === "rate")
  const extra = floods
    ? args.slice(2)
    : written.members.some(({ type }) => type.takes !== "nothing")
      ? []
      : args
  if (extra.length > 0 && !item.command.text.includes('""')) {
    item.tell("firehol-ignored-words", `FireHOL does not read "${extra.join(" ")}" here, and does not say so`)
    item.owned("partly", `"${extra.join(" ")}" is left out.`)
  }
  if (item.ownerDoes === "") item.ownerDoes = `${written.word}: dropped, as the manual says.`
}

/** A name that makes a chain too long, addresses of one family. */
function checkPlace({ line, item, context }: Omit<Asked, "word" | "type" | "group">): void {
  const { scope, groups } = line
  // A chain of iptables has at most 28 characters: pr_, the name, _, three letters and a number.
  const room = 28 - "pr__nsn99".length
  if (groups.length === 0 && scope.name.length > room) {
    item.tell(
      "firehol-name",
      `"${scope.name}" makes names of chains longer than the 28 characters that iptables takes`,
    )
    refuse(item, context, `The chains of "${scope.name}" have names that are too long.`)
  }
}
