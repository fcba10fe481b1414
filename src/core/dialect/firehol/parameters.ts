/** One of the optional rule parameters (firehol-params(5)): `src not "A B"`. */
export interface Parameter {
  readonly name: string
  readonly not: boolean
  /** Lists are taken apart at blanks and commas. */
  readonly values: readonly string[]
}

export interface Parameters {
  readonly all: readonly Parameter[]
  /** The word that FireHOL stops at: "Cannot understand directive". */
  readonly unknown?: string
}

/** Parameters with one value, which may be a list, and which `not` may stand before. */
const lists = new Set([
  "src",
  "src4",
  "src6",
  "dst",
  "dst4",
  "dst6",
  "srctype",
  "dsttype",
  "proto",
  "protocol",
  "sport",
  "dport",
  "inface",
  "outface",
  "physin",
  "physout",
  "mac",
  "mark",
  "connmark",
  "rawmark",
  "tos",
  "dscp",
  "uid",
  "user",
  "gid",
  "group",
  "pid",
  "sid",
  "cmd",
  "state",
  "ctstate",
  "iplimit",
])
const single = new Set([
  "custom",
  "custom-in",
  "custom-out",
  "helper",
  "accounting",
  "log",
  "loglimit",
  "connlog",
])
const aliases: Readonly<Record<string, string>> = {
  source: "src",
  destination: "dst",
  source4: "src4",
  source6: "src6",
  destination4: "dst4",
  destination6: "dst6",
  sourceport: "sport",
  destinationport: "dport",
  protocol: "proto",
  limited: "limit",
  user: "uid",
  group: "gid",
}

/** Reads `src not "A B" dport 80 log "text" level info`, to the end or to the first word that is none. */
export function readParameters(words: readonly string[]): Parameters {
  const all: Parameter[] = []
  let at = 0
  while (at < words.length) {
    const word = words[at]!
    // FireHOL stops reading at the first empty word.
    if (word === "") break
    const name = aliases[word.toLowerCase()] ?? word.toLowerCase()
    if (lists.has(name)) {
      at++
      const not = isNot(words[at])
      if (not) at++
      const isClass = name === "dscp" && words[at] === "class"
      if (isClass) at++
      const values = words[at++]?.split(/[\s,]+/).filter((each) => each !== "") ?? []
      if (values.length === 0) return { all, unknown: word }
      all.push({ name, not, values: isClass ? values.map((each) => `class ${each}`) : values })
      continue
    }
    if (single.has(name)) {
      if (words[at + 1] === undefined) return { all, unknown: word }
      all.push({ name, not: false, values: [words[at + 1]!] })
      at += 2
      if (words[at] === "level") at += 2
      continue
    }
    const taken = special[name]?.(words.slice(at + 1))
    if (taken === undefined) return { all, unknown: word }
    all.push({ name, not: false, values: words.slice(at + 1, at + 1 + taken) })
    at += 1 + taken
  }
  return { all }
}

/** How many words belong to it; undefined: they are wrong. */
const special: Readonly<Record<string, (words: readonly string[]) => number | undefined>> = {
  limit: (words) => (words.length >= 2 ? 2 : undefined),
  custommark: (words) => (words.length >= 2 ? (isNot(words[0]) ? 3 : 2) : undefined),
  connlimit: (words) =>
    isBound(words[0]) && words[1] !== undefined ? 2 + connlimitTail(words.slice(2)) : undefined,
  hashlimit: (words) =>
    isBound(words[1]) && words[2] !== undefined ? 3 + hashlimitTail(words.slice(3)) : undefined,
  ipset(words) {
    const from = isNot(words[0]) ? 1 : 0
    if (words[from + 1] === undefined) return undefined
    let at = from + 2
    for (; ipsetOptions.test(words[at] ?? ""); at++) if (/^(?:packets|bytes)/.test(words[at]!)) at++
    return at
  },
  with: () => undefined,
}

function isNot(word: string | undefined): boolean {
  return word?.toLowerCase() === "not" || word === "!"
}

function isBound(word: string | undefined): boolean {
  return word === "upto" || word === "above"
}

export function connlimitTail(words: readonly string[]): number {
  let at = 0
  for (;;) {
    if (words[at] === "mask" && words[at + 1] !== undefined) at += 2
    else if (words[at] === "saddr" || words[at] === "daddr") at++
    else return at
  }
}

const ipsetOptions =
  /^(?:no-counters|return-nomatch|no-subcounters|(?:packets|bytes)(?:-(?:above|below|eq|gt|lt|not))?)$/

const hashlimitOptions = /^(?:burst|mode|srcmask|dstmask|htable[-_](?:size|max|expire|gcinterval))$/

export function hashlimitTail(words: readonly string[]): number {
  let at = 0
  while (hashlimitOptions.test(words[at] ?? "") && words[at + 1] !== undefined) at += 2
  return at
}
