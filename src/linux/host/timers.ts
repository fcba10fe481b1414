import { list } from "./nft.js"
import { failed } from "./outcome.js"

interface ListedElement {
  readonly elem?: { readonly expires?: number }
}

/**
 * Seconds that are left to the elements of a set that opens a gate (`trial`, `pause`, `warm-up`): the kernel's own clock, in whole seconds, rounded down.
 * Undefined: no element is alive, or there is no such set.
 */
export function secondsLeft(table: string, set: string): number | undefined {
  const listed = list("-j", "list", "set", ...table.split(" "), set)
  return failed(listed) ? undefined : parseSecondsLeft(listed.value)
}

/** Reads `nft -j list set`. An element without a time stands for ever. */
export function parseSecondsLeft(text: string): number | undefined {
  const { nftables } = JSON.parse(text) as {
    readonly nftables: readonly { readonly set?: { readonly elem?: readonly (ListedElement | string)[] } }[]
  }
  const elements = nftables.flatMap(({ set }) => set?.elem ?? [])
  const times = elements.map((element) =>
    typeof element === "string"
      ? Number.POSITIVE_INFINITY
      : (element.elem?.expires ?? Number.POSITIVE_INFINITY),
  )
  return times.length === 0 ? undefined : Math.max(...times)
}
