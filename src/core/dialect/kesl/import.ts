import type { Diagnostic, Span } from "../../base/diagnostic.js"
import { didYouMean } from "../../base/nearest.js"
import type { DialectFile, DraftMap, Imported, ImportItem, ImportOptions } from "../imported.js"
import { problem } from "../problem.js"
import { type BypassRule, isBypassLine, keslRules, readBypass } from "./bypass.js"
import { defaultBlock, isYes, isYesNo, notOurs, readers, type SettingContext } from "./setting-readers.js"
import { readSettings, type Setting } from "./settings.js"
import { isTaskKey, keyOf, known, ownSettings } from "./task-settings.js"

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

const handOver: readonly string[] = [
  "floodwall apply: on trial for 60 seconds",
  "floodwall confirm, from a second session",
  "kesl-control --get-blocked-hosts: note who is kept out, for KESL forgets them when its task stops",
  "kesl-control --stop-task 17",
  "iptables -t mangle -F kesl_bypass; ip6tables -t mangle -F kesl_bypass: the chain stays until it is empty",
  "floodwall enable; floodwall status",
]
