import type { Variables } from "./expand.js"
import { type Parameters, readParameters } from "./parameters.js"
import { findService, readPorts, type Service } from "./services.js"

export interface ServiceLine {
  readonly services: readonly { readonly name: string; readonly service: Service | undefined }[]
  /** `accept`, `drop`, `reject`, … */
  readonly action: string
  /** What stands behind `with`: `limit 10/sec 20`. */
  readonly conditions: readonly string[] | undefined
  readonly parameters: Parameters
  /** Of `custom`: the ports that clients have, `default`, `any` or numbers. */
  readonly clients?: string
}

/** Words that end a condition. */
const conditionWords: Readonly<Record<string, (words: readonly string[]) => number>> = {
  limit: (words) => (words[3] === "overflow" ? 5 : 3),
  recent: () => 4,
  knock: () => 2,
  connlimit(words) {
    let at = words[1] === "upto" || words[1] === "above" ? 3 : 2
    while (words[at] === "mask" || words[at] === "saddr" || words[at] === "daddr")
      at += words[at] === "mask" ? 2 : 1
    return at
  },
  hashlimit(words) {
    let at = words[2] === "upto" || words[2] === "above" ? 4 : 3
    while (/^(?:burst|mode|srcmask|dstmask|htable[-_]\w+)$/.test(words[at] ?? "")) at += 2
    return at
  },
}

/** Reads `"ssh http" accept with limit 10/sec 20 src …` and `custom NAME tcp/80 default accept …`, what stands behind server, client and route. */
export function servicesOf(words: readonly string[], variables: Variables): ServiceLine {
  const [first = "", ...rest] = words
  const isCustom = first === "custom"
  const services = isCustom
    ? [{ name: rest[0] ?? "custom", service: readPorts(rest[1] ?? "") }]
    : first
        .split(/[\s,]+/)
        .filter((name) => name !== "")
        .map((name) => ({ name, service: findService(name, variables) }))
  const behind = isCustom ? rest.slice(3) : rest
  const action = (behind[0] ?? "").toLowerCase()
  let parameters = behind.slice(1)
  let conditions: readonly string[] | undefined
  if (parameters[0] === "with") {
    const taken = action === "accept" ? (conditionWords[parameters[1] ?? ""]?.(parameters.slice(1)) ?? 1) : 1
    conditions = parameters.slice(1, 1 + taken)
    parameters = parameters.slice(1 + taken)
  }
  return {
    services,
    action,
    conditions,
    parameters: readParameters(parameters),
    ...(isCustom && { clients: rest[2] ?? "default" }),
  }
}
