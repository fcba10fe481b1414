import type { Problem } from "../base/diagnostic.js"
import { detectorWords } from "./detectors.js"
import { printLimit } from "./limit.js"
import type { Action } from "./policy.js"
import type { Words } from "./tree.js"

/** What of the host and the zone a preset goes by. */
export interface PresetContext {
  /** The zone holds a device of a default route. */
  readonly facesInternet: boolean
  /** With more than one, answers may take another way in than the questions went out. */
  readonly defaultRoutes: number
  /** Whether something here answers on the port, or the zone's own words name it (open, port-floods). */
  isInUse(port: number, protocol: "tcp" | "udp"): boolean
}

/** Settings that stand together under a name, in the words of the policy. */
export interface Preset {
  readonly name: string
  readonly title: string
  /** The highest step that anything in the zone takes by itself. */
  readonly action?: Action
  readonly protections: (context: PresetContext) => Readonly<Record<string, Words>>
  /** What the guard looks for where a zone has this preset. */
  readonly detect: Readonly<Record<string, Words>>
  /** What the host's facts change, for a warning. */
  readonly notice?: (context: PresetContext) => Problem | undefined
}

/** Every detector with its own limit and action, but those that the policy has to tell what for. */
const standardDetect: Readonly<Record<string, Words>> = Object.fromEntries(
  detectorWords
    .filter(({ isOptional }) => !isOptional)
    .map(({ name, limit, action }) => [name, { ...(limit && { limit: printLimit(limit) }), action }]),
)

/** Harms nobody honest; the reasons for the numbers are in the manual, "What default does". */
const standard: Preset = {
  name: "default",
  title: "what harms nobody honest",
  protections: (context) => ({
    "malformed-null": "drop",
    "malformed-xmas": "drop",
    "malformed-bad": "drop",
    land: "drop",
    "spoofed-source": "drop",
    invalid: whereRoutesAreSymmetric(context),
    "new-tcp-without-syn": whereRoutesAreSymmetric(context),
    fragments: { which: "tiny-and-overlapping" },
    "small-mss": { minimum: "88" },
    "icmp-floods": { limit: "50/second burst 200", action: "drop" },
    "syn-floods": { limit: "200/second burst 1000", action: "drop" },
    "udp-floods": { limit: "2000/second burst 2000", action: "notify" },
    "syn-data": "notify",
    connections: { limit: "300", action: "notify" },
    ...decoys(context),
  }),
  detect: standardDetect,
  notice: ({ defaultRoutes }) =>
    defaultRoutes > 1
      ? {
          id: "asymmetric-routes",
          message: `this host has ${defaultRoutes} default routes, so invalid and new-tcp-without-syn only notify`,
          hint: "where answers always come in the way questions go out, say invalid: drop and new-tcp-without-syn: drop",
        }
      : undefined,
}

/** FireHOL's `strong` as its manual describes it, and what `default` does beyond that. */
const strong: Preset = {
  name: "strong",
  title: "default, and FireHOL's strong: all fragments, and floods above 100/second",
  protections: (context) => ({
    ...standard.protections(context),
    invalid: "drop",
    "new-tcp-without-syn": "drop",
    fragments: { which: "all" },
    "icmp-floods": { limit: "100/second burst 50", action: "drop" },
    "syn-floods": { limit: "100/second burst 50", action: "drop" },
  }),
  detect: standard.detect,
}

/** Everything of default, but only told, and so is what the zone adds. */
const watch: Preset = {
  name: "watch",
  title: "default, all of it notify",
  action: "notify",
  protections: standard.protections,
  detect: standard.detect,
}

/** Kura's rules to the letter, with what they break: ping, path-MTU discovery, SYNs without MSS. */
const kura: Preset = {
  name: "kura-flooding-protection",
  title: "Eclipse Kura's flooding protection to the letter, with the honest traffic it stops",
  protections: () => ({ "kura-flooding-protection": "drop" }),
  detect: {},
}

export const presets: readonly Preset[] = [standard, strong, watch, kura]

function whereRoutesAreSymmetric(context: PresetContext): Words {
  return context.defaultRoutes > 1 ? "notify" : "drop"
}

/** Ports that worms and botnets try first, where nothing here answers on them. */
function decoys(context: PresetContext): Record<string, Words> {
  if (!context.facesInternet) return {}
  const ports = [23, 2323, 3389, 5900].filter((port) => !context.isInUse(port, "tcp"))
  if (ports.length === 0) return {}
  const tcp = ports.map((port) => `${port}/tcp`)
  return { "decoy-ports": { ports: tcp, limit: "more than 1 in 10m", action: "block" } }
}
