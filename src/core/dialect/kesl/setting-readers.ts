import { parseAddress } from "../../base/address.js"
import { isProblem } from "../../base/diagnostic.js"
import { normalise, type Prefix, parsePrefix, printPrefix } from "../../base/prefix.js"
import type { ImportItem } from "../imported.js"
import { problem } from "../problem.js"
import type { Setting } from "./settings.js"
import type { Known } from "./task-settings.js"

const longestBlock = 32_768
export const defaultBlock = 60

/** What the preset default has for who tries a decoy port. */
const DECOY_MINUTES = 10

/** What the settings of a task come to together, and who is told of each. */
export interface SettingContext {
  readonly action: string
  readonly blocks: boolean
  readonly usesExclusions: boolean
  readonly exact: boolean
  add(setting: Setting, rest: Omit<ImportItem, "text" | "span">): void
  setMinutes(minutes: number): void
  exclude(network: string): void
}

type SettingReader = (setting: Setting, context: SettingContext) => void

/** What KESL does with each setting, and what becomes of it. */
export const readers: Readonly<Record<Known, SettingReader>> = {
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

export function notOurs(ownerDoes: string): Omit<ImportItem, "text" | "span"> {
  return { owner: "works", ownerDoes, becomes: null, relation: "not-ours", protects: false, diagnostics: [] }
}

export function isYesNo(text: string): boolean {
  return /^(?:yes|no)$/i.test(text)
}

export function isYes(text: string): boolean {
  return /^yes$/i.test(text)
}
