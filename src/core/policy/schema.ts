import { z } from "zod"
import { detectorWords } from "./detectors.js"
import { phraseGrammar } from "./phrase.js"
import type { Limit } from "./policy.js"
import { presets } from "./presets.js"
import type { ProtectionKind } from "./protection.js"
import { protectionKinds } from "./protections/index.js"
import { actions } from "./word.js"

/**
 * The shape of a policy file, for editors: it completes and explains the words. What a shape cannot say (names that must be defined, the same scalar
 * in two files, limits that make no sense) is the loader's.
 */
export function policySchema(kinds: readonly ProtectionKind[] = protectionKinds) {
  const protections = Object.fromEntries(kinds.flatMap((kind) => protectionEntries(kind)))
  const leaving = kinds.filter((kind) => kind.outgoing).flatMap((kind) => protectionEntries(kind))
  const preset = z
    .enum(presets.map(({ name }) => name))
    .describe(
      `Protections that stand together. ${presets.map(({ name, title }) => `${name}: ${title}.`).join(" ")}`,
    )
  const zone = z.strictObject({
    preset: preset.optional(),
    action: action("The highest step that the zone's protections take by themselves.").optional(),
    ...protections,
    outgoing: z
      .strictObject({ preset: preset.optional(), ...Object.fromEntries(leaving) })
      .describe("The same words, for packets that leave here.")
      .optional(),
  })
  return z
    .strictObject({
      version: z.literal(1).describe("The version of the policy language.").optional(),
      include: oneOrMore(z.string())
        .describe("Other policy files: paths from this one, * allowed.")
        .optional(),
      interfaces: z
        .record(z.string(), oneOrMore(z.string()))
        .describe(
          "Zones and their devices: auto is the default route's; names, lists, br-*. What is not named is not touched.",
        )
        .optional(),
      addresses: z
        .record(z.string(), addressList("Addresses, networks, other names, or file PATH."))
        .describe("Names for addresses.")
        .optional(),
      action: action(
        "The highest step that protections take by themselves: notify < drop < block.",
      ).optional(),
      "never-block": addressList("Limited like others, but never kept out.").optional(),
      protect: z
        .record(z.string(), z.union([preset, zone]))
        .describe("What each zone is protected against.")
        .optional(),
      detect: z
        .strictObject(Object.fromEntries(detectorWords.map((words) => [words.name, detector(words)])))
        .describe("What the guard looks for.")
        .optional(),
      bypass: oneOrMore(z.string()).describe(`Packets that are not looked at: ${phraseGrammar}`).optional(),
    })
    .describe("A Floodwall policy: what a host or gateway is protected against.")
}

/** The published JSON Schema (draft 7, which editors' YAML servers read). */
export function policyJsonSchema(kinds: readonly ProtectionKind[] = protectionKinds): object {
  return { ...z.toJSONSchema(policySchema(kinds), { target: "draft-7" }), title: "Floodwall policy" }
}

function protectionEntries(kind: ProtectionKind): [string, z.ZodType][] {
  const text = `${kind.manual.title}\n\n${kind.manual.text}\n\nHonest traffic it can harm: ${kind.manual.harms}`
  const shape = shapes[kind.value](kind).describe(text).optional()
  const aliases = kind.aliases.map((alias): [string, z.ZodType] => [
    alias,
    shapes[kind.value](kind).describe(`Another spelling of ${kind.name}.`).optional(),
  ])
  return [[kind.name, shape], ...aliases]
}

interface Settable {
  readonly limits: ProtectionKind["limits"]
  readonly options?: ProtectionKind["options"] | undefined
}

const shapes: Readonly<Record<ProtectionKind["value"], (kind: ProtectionKind) => z.ZodType>> = {
  setting: (kind) => setting(kind, common(kind)),
  group: (kind) => setting(kind, common(kind)),
  ports: (kind) => z.union([off(), oneOrMore(port()), z.strictObject(common(kind))]),
  "setting-per-port": (kind) => {
    const { ports: _ports, ...perPort } = common(kind)
    const byPort = z.record(z.string(), setting(kind, perPort))
    return z.union([off(), z.strictObject(common(kind)), byPort])
  },
  addresses: (kind) => {
    const { ports: _ports, ...keys } = common({ limits: [], options: kind.options })
    const list = addressList("Addresses, networks, names, and paths of list files.")
    return z.union([off(), list, z.strictObject({ ...keys, addresses: list })])
  },
}

function setting(kind: Settable, keys: Record<string, z.ZodType>): z.ZodType {
  const words = z.enum(["off", ...actions])
  const map = z.strictObject(keys)
  return kind.limits.length > 0 ? z.union([words, limit(kind.limits), map]) : z.union([words, map])
}

function common({ limits, options = {} }: Settable): Record<string, z.ZodType> {
  const own = limits.length > 0 ? z.union([off(), limit(limits)]) : off()
  const limitKeys: Record<string, z.ZodType> =
    limits.length > 0 ? { limit: limit(limits).optional(), per: per().optional() } : {}
  return {
    ...limitKeys,
    ports: oneOrMore(port()).describe("The ports that clients dial, before destination NAT.").optional(),
    for: z.record(z.string(), own).describe("Hosts with a limit of their own, or off.").optional(),
    action: action("notify, drop, or block: drop and keep the source out for a while.").optional(),
    "block-for": duration().optional(),
    ...Object.fromEntries(Object.entries(options).map(([name, values]) => [name, option(values)])),
  }
}

function option(values: readonly string[] | "number"): z.ZodType {
  if (values === "number") return z.number().int().nonnegative().optional()
  return z.enum(values as [string, ...string[]]).optional()
}

function detector({ title, limits }: (typeof detectorWords)[number]): z.ZodType {
  const { ports: _ports, per: _per, ...keys } = common({ limits })
  return setting({ limits }, keys).describe(title).optional()
}

const limitShapes: Readonly<Record<Limit["form"], () => z.ZodType>> = {
  rate: () =>
    z
      .string()
      .regex(/^[1-9]\d*\/(second|minute|hour|day|week)( burst [1-9]\d*)?$/)
      .meta({ examples: ["200/second burst 1000"] }),
  window: () =>
    z
      .string()
      .regex(/^more than [1-9]\d* in (\d+(ms|[wdhms]))+$/)
      .meta({ examples: ["more than 5 in 300s"] }),
  count: () =>
    z
      .number()
      .int()
      .positive()
      .meta({ examples: [300] }),
  ramp: () =>
    z
      .string()
      .regex(/^[1-9]\d*\.\.[1-9]\d*\/(second|minute|hour|day|week)$/)
      .meta({ examples: ["100..1000/second"] }),
}

function limit(forms: readonly Limit["form"][]): z.ZodType {
  const shapes = forms.map((form) => limitShapes[form]())
  return shapes.length === 1 ? shapes[0]! : z.union(shapes)
}

function per(): z.ZodType {
  const length = z.union([z.string().regex(/^\/\d+$/), z.number().int().positive()])
  return z
    .union([
      z.enum(["source", "everyone"]),
      length,
      z.strictObject({ ipv4: length.optional(), ipv6: length.optional() }),
    ])
    .describe(
      "What shares a limit: a source (IPv6: its /64), everyone together, or sources of a prefix such as /24.",
    )
}

function action(text: string): z.ZodType {
  return z.enum(actions).describe(text)
}

function duration(): z.ZodType {
  return z
    .string()
    .regex(/^((\d+(ms|[wdhms]))+|ever)$/)
    .describe("How long a source is kept out where the action is block: 10m, 6h, ever.")
}

function port(): z.ZodType {
  return z.union([z.string(), z.number().int().min(1).max(65535)])
}

function addressList(text: string): z.ZodType {
  return oneOrMore(z.string()).describe(text)
}

function off(): z.ZodType {
  return z.literal("off")
}

function oneOrMore(item: z.ZodType): z.ZodType {
  return z.union([item, z.array(item)])
}
