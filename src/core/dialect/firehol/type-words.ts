import { didYouMean } from "../../base/nearest.js"

/** A type of FireHOL's protections: the policy's name for it, and how its words go on. */
export interface TypeWord {
  readonly name: string
  readonly takes: "nothing" | "rate" | "connections" | "connection-rate"
}

const types: ReadonlyMap<string, TypeWord> = new Map(
  (
    [
      ["invalid", "invalid", "nothing"],
      ["fragments", "fragments", "nothing"],
      ["new-tcp-w/o-syn", "new-tcp-without-syn", "nothing"],
      ["malformed-xmas", "malformed-xmas", "nothing"],
      ["malformed-null", "malformed-null", "nothing"],
      ["malformed-bad", "malformed-bad", "nothing"],
      ["icmp-floods", "icmp-floods", "rate"],
      ["syn-floods", "syn-floods", "rate"],
      ["all-floods", "all-floods", "rate"],
      ["connlimit", "connections", "connections"],
      ["connrate", "connection-rate", "connection-rate"],
    ] as const
  ).map(([word, name, takes]) => [word, { name, takes }]),
)

const badPackets = [
  "fragments",
  "new-tcp-w/o-syn",
  "malformed-xmas",
  "malformed-null",
  "malformed-bad",
  "invalid",
]
const strong = [
  "fragments",
  "new-tcp-w/o-syn",
  "icmp-floods",
  "syn-floods",
  "malformed-xmas",
  "malformed-null",
  "malformed-bad",
  "invalid",
]
const groups: ReadonlyMap<string, readonly string[]> = new Map([
  ["bad-packets", badPackets],
  ["strong", strong],
  ["full", strong],
  ["all", strong],
])

export interface WrittenType {
  /** As FireHOL reads it: lower case. */
  readonly word: string
  /** The types that it stands for; of a group, all of them. */
  readonly members: readonly { readonly word: string; readonly type: TypeWord }[]
  readonly isGroup: boolean
  /** It stands behind a group's word in the same list: FireHOL has stopped reading. */
  readonly afterGroup: boolean
}

export interface WrittenTypes {
  readonly types: readonly WrittenType[]
  readonly unknown?: { readonly word: string; readonly hint?: string }
  /** `none`, where nothing was before it. */
  readonly isNone: boolean
}

/** `"syn-floods malformed-xmas"`, `SYN-FLOODS,malformed-xmas`, `strong`. */
export function readTypes(text: string): WrittenTypes {
  const words = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== "")
  const found: WrittenType[] = []
  let isBehind = false
  for (const word of words) {
    if (word === "none") return { types: found, isNone: found.length === 0 }
    const members = groups.get(word)
    const type = types.get(word)
    if (!members && !type) {
      const hint = didYouMean(word, [...types.keys(), ...groups.keys()])
      return { types: found, isNone: false, unknown: { word, ...(hint !== undefined && { hint }) } }
    }
    found.push({
      word,
      members: (members ?? [word]).map((each) => ({ word: each, type: types.get(each)! })),
      isGroup: members !== undefined,
      afterGroup: isBehind,
    })
    if (members) isBehind = true
  }
  return { types: found, isNone: false }
}

/** Whether a word stands where a rate should, and is a type or a list of them: the quotation marks are missing. */
export function isTypeWord(text: string): boolean {
  const words = text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== "")
  return words.length > 0 && words.every((word) => types.has(word) || groups.has(word))
}
