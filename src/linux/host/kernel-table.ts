import type { Generation } from "../../core/backend/nft/names.js"
import { list } from "./nft.js"
import { failed } from "./outcome.js"

/** A table of ours as the kernel lists it, in what `status` tells of it. */
export interface KernelTable {
  /** `inet floodwall`. */
  readonly place: string
  readonly chains: readonly KernelChain[]
  readonly rules: readonly KernelRule[]
  readonly sets: readonly KernelSet[]
}

export interface KernelChain {
  /** Without the letter of its generation. */
  readonly name: string
  readonly generation: Generation | null
  /** It stands at a hook: packets come to it by themselves. */
  readonly isBase: boolean
}

export interface KernelRule {
  /** Without the letter of its generation. */
  readonly chain: string
  readonly generation: Generation | null
  readonly comment?: string
  /** Absent: the rule does not count. */
  readonly counted?: { readonly packets: number; readonly bytes: number }
  /** What it does with the packets that it counts; absent: they go on. */
  readonly verdict?: "accept" | "drop"
}

export interface KernelSet {
  readonly name: string
  /** How many elements it takes; absent: as many as there are. */
  readonly size?: number
  readonly isMap: boolean
}

interface Place {
  readonly family: string
  readonly table: string
}

interface Listed {
  readonly chain?: Place & { readonly name: string; readonly hook?: string }
  readonly rule?: Place & {
    readonly chain: string
    readonly comment?: string
    readonly expr?: readonly {
      readonly counter?: { readonly packets: number; readonly bytes: number } | null
    }[]
  }
  readonly set?: Place & { readonly name: string; readonly size?: number }
  readonly map?: Place & { readonly name: string; readonly size?: number }
}

/** Reads `nft -j -t list ruleset`: the tables at these places. */
export function parseKernelTables(text: string, places: readonly string[]): readonly KernelTable[] {
  const { nftables } = JSON.parse(text) as { readonly nftables: readonly Listed[] }
  return places.map((place) => parseTable(place, nftables))
}

function parseTable(place: string, nftables: readonly Listed[]): KernelTable {
  const isHere = (object: Place | undefined): object is Place =>
    object !== undefined && `${object.family} ${object.table}` === place
  return {
    place,
    chains: nftables.flatMap(({ chain }) =>
      chain && isHere(chain) ? [{ ...splitLetter(chain.name), isBase: chain.hook !== undefined }] : [],
    ),
    rules: nftables.flatMap(({ rule }): KernelRule[] => {
      if (!rule || !isHere(rule)) return []
      const { name, generation } = splitLetter(rule.chain)
      const parts = rule.expr ?? []
      const counter = parts.map((part) => part["counter"]).find(isCounter)
      const verdict = parts.some((part) => "drop" in part) ? "drop" : "accept"
      const hasVerdict = parts.some((part) => verdict in part)
      return [
        {
          chain: name,
          generation,
          ...(rule.comment === undefined ? {} : { comment: rule.comment }),
          ...(counter ? { counted: counter } : {}),
          ...(hasVerdict ? { verdict } : {}),
        },
      ]
    }),
    sets: nftables.flatMap(({ set, map }): KernelSet[] => {
      const found = set ?? map
      if (!found || !isHere(found)) return []
      const size = found.size === undefined ? {} : { size: found.size }
      return [{ name: found.name, isMap: map !== undefined, ...size }]
    }),
  }
}

function isCounter(value: unknown): value is { readonly packets: number; readonly bytes: number } {
  return typeof value === "object" && value !== null && "packets" in value && "bytes" in value
}

/** How many elements a set holds. nft's JSON leaves out those of connection counts, its text does not. */
export function countElements(place: string, set: KernelSet): number {
  const listed = list("-s", "list", set.isMap ? "map" : "set", ...place.split(" "), set.name)
  return failed(listed) ? 0 : parseElementCount(listed.value)
}

/** Counts what stands between the braces of `elements = { … }`; no element has a comma of its own. */
export function parseElementCount(text: string): number {
  const elements = /\belements = \{([\s\S]*?)\}\n/.exec(text)?.[1]
  return elements === undefined ? 0 : elements.replaceAll(/"[^"]*"/g, "").split(",").length
}

/** `input.a` is `input` of generation a. */
export function splitLetter(chain: string): {
  readonly name: string
  readonly generation: Generation | null
} {
  const letter = /\.([ab])$/.exec(chain)?.[1]
  return letter === "a" || letter === "b"
    ? { name: chain.slice(0, -2), generation: letter }
    : { name: chain, generation: null }
}

/** Tables of ours: those of this name, in whatever family. */
export const TABLE_NAME = "floodwall"

/** The name of an empty chain that says which rules these are: it has their generation's letter like every other chain. */
export const DIGEST_CHAIN = "digest-"

export function digestChain(digest: string): string {
  return `${DIGEST_CHAIN}${digest}`
}

/** The digest of the rules that stand under a letter; undefined: none of ours put them there. */
export function digestOf(tables: readonly KernelTable[], generation: Generation | null): string | undefined {
  const chain = tables
    .flatMap(({ chains }) => chains)
    .find((found) => found.generation === generation && found.name.startsWith(DIGEST_CHAIN))
  return chain?.name.slice(DIGEST_CHAIN.length)
}
