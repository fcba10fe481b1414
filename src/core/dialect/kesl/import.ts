import { parseAddress } from "../../base/address.js"
import { type Diagnostic, isProblem, type Span } from "../../base/diagnostic.js"
import { didYouMean } from "../../base/nearest.js"
import { normalise, type Prefix, parsePrefix, printPrefix } from "../../base/prefix.js"
import type { DialectFile, DraftMap, Imported, ImportItem, ImportOptions } from "../imported.js"
import { problem } from "../problem.js"
import { type BypassRule, isBypassLine, keslRules, readBypass } from "./bypass.js"
import { readSettings, type Setting } from "./settings.js"

/** The settings of the task Network Threat Protection, as Kaspersky's manual has them (12.1). */
const known = [
  "ActionOnDetect",
  "BlockAttackingHosts",
  "BlockDurationMinutes",
  "UseExcludeIPs",
  "ExcludeIPs",
] as const

type Known = (typeof known)[number]

/** What an export of the task says besides. */
const taskKeys = ["taskname", "adminkittaskname", "tasktype", "taskid", "active", "scheduled"]

const longestBlock = 32_768
const defaultBlock = 60

/** What the preset default has for who tries a decoy port. */
const DECOY_MINUTES = 10

/**
 * The Network Threat Protection settings of Kaspersky Endpoint Security for Linux, as `kesl-control --get-settings` prints them, alone or inside a
 * whole export, with commands for the chain kesl_bypass among them or in a file of their own.
 */
export function importKesl(files: readonly DialectFile[], options: ImportOptions): Imported {
  return new KeslReader(options).read(files)
}

class KeslReader {
  readonly #exact: boolean
  readonly #items: ImportItem[] = []
  readonly #diagnostics: Diagnostic[] = []
  readonly #excluded: string[] = []
  readonly #bypass: string[] = []
  readonly #rules: BypassRule[] = []
  #action = "Block"
  #blocks = true
  #minutes = defaultBlock
  #usesExclusions = false
  #isActive = true
  #found = false

  constructor(options: ImportOptions) {
    this.#exact = options.exact
  }

  read(files: readonly DialectFile[]): Imported {
    for (const file of files) this.#readFile(file)
    const [first] = files
    if (!this.#found && first)
      this.#diagnostics.push(
        problem(
          "import-nothing-found",
          "error",
          "there are no settings of Network Threat Protection here, and no line for kesl_bypass",
          { file: first.path, line: 1, column: 1 },
          "kesl-control --get-settings 17 --file ntp.ini writes them",
        ),
      )
    return {
      policy: this.#policy(),
      items: this.#items,
      diagnostics: this.#diagnostics,
      closed: {
        before:
          "nothing: Network Threat Protection closes no port, and makes those of its database look open.",
        after: "nothing; `open` under the zone would.",
      },
      handOver,
      ownerRules: () => ({ ipv4: keslRules(this.#rules, 4), ipv6: keslRules(this.#rules, 6) }),
    }
  }

  #policy(): DraftMap {
    const ladder = this.#action === "Notify" ? "notify" : this.#blocks ? "block" : "drop"
    const blockFor = `${this.#minutes}m`
    const decoys = { ports: ["23/tcp", "2323/tcp", "3389/tcp", "5900/tcp"], "block-for": blockFor }
    return {
      version: 1,
      interfaces: { wan: "auto" },
      action: ladder,
      ...(this.#usesExclusions && this.#excluded.length > 0 && { "never-block": this.#excluded }),
      protect: { wan: { preset: "default", ...(this.#exact && { "decoy-ports": decoys }) } },
      detect: { "port-scan": { limit: "more than 19 in 60s", "block-for": blockFor } },
      ...(this.#bypass.length > 0 && { bypass: [...new Set(this.#bypass)] }),
    }
  }

  #readFile(file: DialectFile): void {
    const { settings, others, broken } = readSettings(file)
    if (broken) this.#diagnostics.push(problem("import-syntax", "error", broken.message, broken.span))
    const own = ownSettings(settings)
    if (own.settings.length > 0) this.#found = true
    this.#isActive = own.isActive
    // What the others mean hangs on these.
    for (const setting of own.settings) this.#learn(setting)
    const isOwn = new Set(own.settings)
    const lines = [
      ...settings.map((setting) => ({ span: setting.span, run: () => this.#setting(setting, isOwn) })),
      ...others.map(({ text, span }) => ({ span, run: () => this.#other(text, span) })),
    ]
    lines.sort((left, right) => left.span.line - right.span.line || left.span.column - right.span.column)
    for (const { run } of lines) run()
  }

  #learn({ path, value }: Setting): void {
    const key = keyOf(path)
    const word = value.toLowerCase()
    if (key === "ActionOnDetect" && /^(?:notify|block)$/.test(word))
      this.#action = word === "notify" ? "Notify" : "Block"
    if (key === "BlockAttackingHosts" && isYesNo(word)) this.#blocks = isYes(word)
    if (key === "UseExcludeIPs" && isYesNo(word)) this.#usesExclusions = isYes(word)
  }

  #setting(setting: Setting, isOwn: ReadonlySet<Setting>): void {
    if (!isOwn.has(setting)) {
      this.#notOurs(setting, "a setting of another task, or of the product")
      return
    }
    const key = keyOf(setting.path)
    if (key !== undefined) readers[key](setting, this.#context())
    else if (isTaskKey(setting)) this.#taskKey(setting)
    else this.#unknown(setting)
  }

  #taskKey(setting: Setting): void {
    const isOff = setting.path.at(-1)!.toLowerCase() === "active" && !this.#isActive
    if (!isOff) {
      this.#notOurs(setting, "names the task")
      return
    }
    this.#add(setting, {
      owner: "nothing",
      ownerDoes: "The task does not run: nothing is looked at, and nobody is blocked.",
      becomes: null,
      relation: "stricter",
      why: "The policy protects as the settings say, from the moment it is applied.",
      protects: false,
      diagnostics: [
        problem(
          "import-without-effect",
          "warning",
          "the task does not run, so none of its settings does anything",
          setting.span,
        ),
      ],
    })
  }

  #unknown(setting: Setting): void {
    const name = setting.path.at(-1)!
    const guess = didYouMean(name, known)
    this.#add(setting, {
      owner: "refused",
      ownerDoes: "KESL has no setting of this name.",
      becomes: null,
      relation: guess ? "lost" : "not-ours",
      ...(guess && { why: "What was meant is not guessed." }),
      protects: guess !== undefined,
      diagnostics: [
        problem(
          "import-unknown-setting",
          "warning",
          `"${name}" is not a setting of KESL`,
          setting.span,
          guess,
        ),
      ],
    })
  }

  #other(text: string, span: Span): void {
    if (!isBypassLine(text)) {
      const isRules =
        /^(?:[*:]|COMMIT\b|-[AI]\s|(?:sudo\s+)?(?:\S*\/)?(?:ip6?tables|k[a-z]+-control)\b)/.test(text)
      const diagnostics = isRules
        ? []
        : [problem("import-syntax", "warning", "this is neither a setting nor a section", span)]
      const does = isRules
        ? "A command that sets nothing of Network Threat Protection."
        : "Nothing that KESL would read."
      this.#add({ text, span }, { ...notOurs(does), diagnostics })
      return
    }
    this.#found = true
    this.#bypassLine(text, span)
  }

  #bypassLine(text: string, span: Span): void {
    const read = readBypass(text, this.#exact)
    if (read.rule) this.#rules.push(read.rule)
    if (read.kind === "phrase") {
      const phrases = read.directions.map((direction) => `${direction} ${read.words}`.trim())
      this.#bypass.push(...phrases)
      this.#add(
        { text, span },
        {
          owner: "partly",
          ownerDoes:
            "KESL does not look at packets that this matches: one direction of a connection, for answers bear other ports and addresses.",
          becomes: phrases.map((phrase) => `bypass: ${phrase}`).join("; "),
          relation: this.#exact ? "same" : "stricter",
          ...(!this.#exact && {
            why: `Only ${phrases[0]} is let past, which is what it is for; --exact lets both directions past, as the rule does.`,
          }),
          protects: false,
          diagnostics: [],
        },
      )
      return
    }
    const { kind, why } = read
    if (kind === "nothing") this.#add({ text, span }, notOurs(`Lets nothing past by itself: ${why}.`))
    else if (kind === "refused")
      this.#add(
        { text, span },
        {
          owner: "refused",
          ownerDoes: `iptables refuses it: ${why}.`,
          becomes: null,
          relation: "same",
          protects: false,
          diagnostics: [problem("import-bad-value", "warning", why, span)],
        },
      )
    else
      this.#add(
        { text, span },
        {
          owner: "works",
          ownerDoes:
            kind === "exception"
              ? "KESL looks at these packets, whatever the rules below let past."
              : "KESL does not look at packets that this matches.",
          becomes: null,
          relation: kind === "exception" ? "lost" : "stricter",
          why: `${kind === "exception" ? "A bypass has no exceptions" : "They are looked at"}: ${why}.`,
          protects: kind === "exception",
          diagnostics: [problem("import-not-carried", "warning", why, span)],
        },
      )
  }

  #notOurs(setting: Setting, what: string): void {
    this.#add(setting, notOurs(`Not of Network Threat Protection: ${what}.`))
  }

  #add({ text, span }: Pick<ImportItem, "text" | "span">, rest: Omit<ImportItem, "text" | "span">): void {
    this.#items.push({ text, span, ...rest })
  }

  #context(): SettingContext {
    return {
      action: this.#action,
      blocks: this.#blocks,
      usesExclusions: this.#usesExclusions,
      exact: this.#exact,
      add: (setting, rest) => this.#add(setting, rest),
      setMinutes: (minutes) => {
        this.#minutes = minutes
      },
      exclude: (network) => {
        if (!this.#excluded.includes(network)) this.#excluded.push(network)
      },
    }
  }
}

interface SettingContext {
  readonly action: string
  readonly blocks: boolean
  readonly usesExclusions: boolean
  readonly exact: boolean
  add(setting: Setting, rest: Omit<ImportItem, "text" | "span">): void
  setMinutes(minutes: number): void
  exclude(network: string): void
}

type SettingReader = (setting: Setting, context: SettingContext) => void

const readers: Readonly<Record<Known, SettingReader>> = {
  ActionOnDetect(setting, { add, action }) {
    if (!/^(?:notify|block)$/i.test(setting.value)) {
      add(setting, refused(setting, "Notify or Block", "action"))
      return
    }
    const isNotify = action === "Notify"
    add(setting, {
      owner: isNotify ? "nothing" : "works",
      ownerDoes: isNotify
        ? "Attacks are logged and let through, and BlockAttackingHosts is ignored."
        : "The attacking activity is blocked and logged.",
      becomes: isNotify ? "action: notify" : "action: block",
      relation: isNotify ? "same" : "looser",
      ...(!isNotify && {
        why: "KESL looks into TCP streams for the attacks of its database, which Floodwall does not. Floodwall stops malformed packets, floods and who tries decoy ports, which KESL does not; port scans are the guard's to see (floodwall run).",
      }),
      protects: !isNotify,
      diagnostics: [],
    })
  },
  BlockAttackingHosts(setting, { add, action, blocks }) {
    if (!isYesNo(setting.value)) {
      add(setting, refused(setting, "Yes or No", "action"))
      return
    }
    const isIgnored = action === "Notify"
    add(setting, {
      owner: isIgnored ? "nothing" : "works",
      ownerDoes: isIgnored
        ? "Ignored, for ActionOnDetect is Notify."
        : blocks
          ? "An attacking device is kept out."
          : "What attacks is blocked; its device is not kept out.",
      becomes: isIgnored ? null : `action: ${blocks ? "block" : "drop"}`,
      relation: "same",
      protects: !isIgnored && blocks,
      diagnostics: isIgnored
        ? [
            problem(
              "import-without-effect",
              "warning",
              "BlockAttackingHosts is ignored while ActionOnDetect is Notify",
              setting.span,
            ),
          ]
        : [],
    })
  },
  BlockDurationMinutes(setting, { add, setMinutes, action, blocks, exact }) {
    const minutes = /^\d{1,9}$/.test(setting.value) ? Number(setting.value) : 0
    if (minutes < 1 || minutes > longestBlock) {
      add(setting, refused(setting, `1 to ${longestBlock}`, `the block's ${defaultBlock} minutes`))
      return
    }
    setMinutes(minutes)
    const isIdle = action === "Notify" || !blocks
    const value = `${minutes}m`
    const becomes = `detect.port-scan.block-for: ${value}`
    const differs = !exact && !isIdle && minutes !== DECOY_MINUTES
    add(setting, {
      owner: isIdle ? "nothing" : "works",
      ownerDoes: isIdle
        ? "Nobody is kept out, so it means nothing."
        : `An attacking device is kept out for ${minutes} minutes.`,
      becomes: exact ? `${becomes}; protect.wan.decoy-ports.block-for: ${value}` : becomes,
      relation: !differs ? "same" : minutes > DECOY_MINUTES ? "looser" : "stricter",
      ...(differs && {
        why: "Who tries a decoy port twice is kept out for 10 minutes, because a SYN can be forged; --exact takes the setting's minutes there, too.",
      }),
      protects: !isIdle,
      diagnostics: [],
    })
  },
  UseExcludeIPs(setting, { add, usesExclusions }) {
    if (!isYesNo(setting.value)) {
      add(setting, refused(setting, "Yes or No", "the exclusions"))
      return
    }
    add(setting, {
      owner: "works",
      ownerDoes: usesExclusions ? "The list of exclusions counts." : "The list of exclusions does not count.",
      becomes: usesExclusions ? "never-block" : null,
      relation: "same",
      protects: false,
      diagnostics: [],
    })
  },
  ExcludeIPs(setting, { add, exclude, usesExclusions }) {
    if (setting.value === "") {
      add(setting, { ...notOurs("An empty entry."), relation: "same" })
      return
    }
    const network = excludedNetwork(setting.value)
    if (network === undefined) {
      add(setting, {
        ...refused(
          setting,
          "an IPv4 address or network, or an IPv6 one with a prefix of 0 to 64",
          "never-block",
        ),
        relation: "same",
        protects: false,
      })
      return
    }
    if (!usesExclusions) {
      add(setting, {
        owner: "nothing",
        ownerDoes: "Nothing, for UseExcludeIPs is No.",
        becomes: null,
        relation: "same",
        protects: false,
        diagnostics: [
          problem(
            "import-without-effect",
            "warning",
            "the exclusion does not count while UseExcludeIPs is No",
            setting.span,
          ),
        ],
      })
      return
    }
    exclude(printPrefix(network.prefix))
    add(setting, {
      owner: "works",
      ownerDoes: "What these devices do is logged, and they are never blocked.",
      becomes: `never-block: ${printPrefix(network.prefix)}`,
      relation: "stricter",
      why: "They are never kept out; malformed packets and floods of theirs are dropped like anybody's.",
      protects: false,
      diagnostics: network.hadHostBits
        ? [
            problem(
              "host-bits-set",
              "warning",
              `${setting.value} has bits set behind its length: taken for the network ${printPrefix(network.prefix)}`,
              setting.span,
            ),
          ]
        : [],
    })
  },
}

function excludedNetwork(text: string): { prefix: Prefix; hadHostBits: boolean } | undefined {
  const read = parsePrefix(text)
  let prefix: Prefix
  if (!isProblem(read)) prefix = read
  else if (read.id === "host-bits-set") {
    const slash = text.indexOf("/")
    const address = parseAddress(text.slice(0, slash))
    if (!address) return undefined
    prefix = normalise({ address, length: Number(text.slice(slash + 1)) })
  } else return undefined
  const isNetwork = text.includes("/")
  if (isNetwork && prefix.address.family === 6 && prefix.length > 64) return undefined
  return { prefix, hadHostBits: isProblem(read) }
}

function refused(
  { path, value, span }: Setting,
  expected: string,
  what: string,
): Omit<ImportItem, "text" | "span"> {
  const name = path.join(".")
  return {
    owner: "refused",
    ownerDoes: `KESL takes ${expected} here, and refuses the settings.`,
    becomes: null,
    relation: "lost",
    why: `Without it ${what} is KESL's default.`,
    protects: true,
    diagnostics: [problem("import-bad-value", "warning", `"${value}" is not ${expected}: ${name}`, span)],
  }
}

function notOurs(ownerDoes: string): Omit<ImportItem, "text" | "span"> {
  return { owner: "works", ownerDoes, becomes: null, relation: "not-ours", protects: false, diagnostics: [] }
}

interface OwnSettings {
  readonly settings: readonly Setting[]
  readonly isActive: boolean
}

/** The settings of the task: those of the section that says so, or those that bear its names where no section does. */
function ownSettings(settings: readonly Setting[]): OwnSettings {
  const isTask = ({ path, value }: Setting) => {
    const key = path.at(-1)?.toLowerCase()
    return (
      (key === "tasktype" && value.toLowerCase() === "ntp") ||
      (key === "taskname" && value.toLowerCase() === "network_threat_protection")
    )
  }
  const task = settings.find(isTask)
  if (task) {
    const above = task.path.slice(0, -1)
    const own = settings.filter(({ path }) => above.every((part, index) => path[index] === part))
    const active = own.find(({ path }) => path.at(-1)?.toLowerCase() === "active")
    return { settings: own, isActive: active === undefined || !/^no$/i.test(active.value) }
  }
  const sign = settings.find(({ path }) => {
    const key = keyOf(path)
    return key !== undefined
  })
  if (!sign) return { settings: [], isActive: true }
  const depth = /^item_\d+$/i.test(sign.path.at(-1)!) ? 2 : 1
  const above = sign.path.slice(0, -depth)
  const own = settings.filter(
    ({ path }) =>
      above.every((part, index) => path[index] === part) &&
      (path.length === above.length + 1 || keyOf(path) === "ExcludeIPs"),
  )
  return { settings: own, isActive: true }
}

/** Names are compared as KESL does, without regard to case; `ExcludeIPs.item_0000` is an item of ExcludeIPs. */
function keyOf(path: readonly string[]): Known | undefined {
  const last = path.at(-1) ?? ""
  const name = /^item_\d+$/i.test(last) ? path.at(-2) : last
  const key = known.find((each) => each.toLowerCase() === name?.toLowerCase())
  const isItem = name !== last
  return isItem && key !== "ExcludeIPs" ? undefined : key
}

function isTaskKey({ path }: Setting): boolean {
  return taskKeys.includes(path.at(-1)!.toLowerCase())
}

function isYesNo(text: string): boolean {
  return /^(?:yes|no)$/i.test(text)
}

function isYes(text: string): boolean {
  return /^yes$/i.test(text)
}

const handOver: readonly string[] = [
  "floodwall apply: on trial for 60 seconds",
  "floodwall confirm, from a second session",
  "kesl-control --get-blocked-hosts: note who is kept out, for KESL forgets them when its task stops",
  "kesl-control --stop-task 17",
  "iptables -t mangle -F kesl_bypass; ip6tables -t mangle -F kesl_bypass: the chain stays until it is empty",
  "floodwall enable; floodwall status",
]
