import { type Parameters, readParameters } from "./parameters.js"

/** What stands behind `blacklist`: `full inface eth0 log "BAD" 192.0.2.1 ipset:bad except src 192.0.2.9`. */
export interface BlacklistLine {
  /** `full`: every packet, both ways; `stateful`: new connections, both ways; `input`: new connections from them. */
  readonly kind: "full" | "stateful" | "input"
  readonly values: readonly string[]
  /** Where they come from; `not` where those are left out. */
  readonly devices: readonly string[]
  readonly isNotDevices: boolean
  /** How a packet of theirs is written down: FireHOL does it for each, unless it is told otherwise. */
  readonly log: { readonly verb: "log" | "loglimit" | "connlog"; readonly text: string }
  /** Who is spared: one of several lists of parameters is enough. */
  readonly except: readonly Parameters[]
  /** A word that is neither an address nor one of its own. */
  readonly unknown?: string
}

const kinds: Readonly<Record<string, BlacklistLine["kind"]>> = {
  ...{ full: "full", all: "full", stateful: "stateful", statefull: "stateful", input: "input" },
  ...{ them: "input", him: "input", her: "input", it: "input", this: "input", these: "input" },
}

export function readBlacklist(words: readonly string[]): BlacklistLine {
  const kind = Object.hasOwn(kinds, words[0] ?? "") ? kinds[words[0]!]! : undefined
  const all = kind ? words.slice(1) : words
  const at = all.indexOf("except")
  const own = at < 0 ? all : all.slice(0, at)
  const values: string[] = []
  let devices: readonly string[] = []
  let isNotDevices = false
  let log: BlacklistLine["log"] = { verb: "log", text: "BLACKLIST" }
  let unknown: string | undefined
  for (let index = 0; index < own.length; index++) {
    const word = own[index]!
    const name = word.toLowerCase()
    if (name === "") break
    if (name === "src") continue
    if (name === "inface") {
      isNotDevices = own[index + 1] === "not"
      if (isNotDevices) index++
      devices = (own[++index] ?? "").split(/[\s,]+/).filter((each) => each !== "")
    } else if (name === "log" || name === "loglimit" || name === "connlog") {
      log = { verb: name, text: own[++index] ?? "" }
    } else if (name === "acct" || name === "accounting") index++
    // FireHOL takes it for an address, which iptables does not.
    else if (/^[a-z-]+[46]?$/.test(word) || word === "!") unknown ??= word
    else values.push(...word.split(/[\s,]+/).filter((each) => each !== ""))
  }
  return {
    kind: kind ?? "full",
    values,
    devices,
    isNotDevices,
    log,
    except: at < 0 ? [] : exceptions(all.slice(at + 1)),
    ...(unknown !== undefined && { unknown }),
  }
}

function exceptions(words: readonly string[]): readonly Parameters[] {
  const parts: string[][] = [[]]
  for (const word of words) {
    if (word.toLowerCase() === "or" || word === "except") parts.push([])
    else parts.at(-1)!.push(word)
  }
  return parts.filter((part) => part.length > 0).map((part) => readParameters(part))
}
