import { z } from "zod"
import { detectorWords } from "./detectors.js"
import { limitExamples } from "./limit.js"
import { openingEnds } from "./opening.js"
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
  const entries = kinds.map((kind) => ({ kind, shape: protectionShape(kind) }))
  const spelled = (chosen: typeof entries) =>
    Object.fromEntries(
      chosen.flatMap(({ kind, shape }) => [kind.name, ...kind.aliases].map((name) => [name, shape])),
    )
  const protections = spelled(entries)
  const leaving = spelled(entries.filter(({ kind }) => kind.outgoing))
  const preset = z
    .enum(presets.map(({ name }) => name))
    .describe(
      `Protections that stand together. ${presets.map(({ name, title }) => `${name}: ${title}.`).join(" ")}`,
    )
  const zone = z.strictObject({
    preset: preset.optional(),
    action: action.describe("The highest step that the zone's protections take by themselves.").optional(),
    ...protections,
    outgoing: z
      .strictObject({ preset: preset.optional(), ...leaving })
      .describe("The same words, for packets that leave here.")
      .optional(),
  })
  return z
    .strictObject({
      version: z.literal(1).describe("The version of the policy language.").optional(),
      include: texts.describe("Other policy files: paths from this one, * allowed.").optional(),
      interfaces: z
        .record(z.string(), texts)
        .describe(
          "Zones and their devices: auto is the default route's; names, lists, br-*. What is not named is not touched.",
        )
        .optional(),
      addresses: z
        .record(z.string(), texts.describe("Addresses, networks, other names, or file PATH."))
        .describe("Names for addresses.")
        .optional(),
      action: action.describe("The highest step that protections take by themselves.").optional(),
      "never-block": texts.describe("Limited like others, but never kept out.").optional(),
      "forged-sources": z
        .enum(["limit", "prove"])
        .describe(
          "Sources that completed no handshake: kept from opening connections for ten minutes (limit), or never blocked (prove).",
        )
        .optional(),
      repeaters: z
        .union([off, z.strictObject({ longest: duration.optional(), "forget-after": duration.optional() })])
        .describe(
          "Who is blocked again is kept out twice as long each time, up to longest (7d); a source that was quiet for forget-after (7d) begins anew.",
        )
        .optional(),
      neighbours: z
        .union([off, z.number().int().min(2).max(256)])
        .describe("So many blocked offenders of one /24 become one network (8).")
        .optional(),
      protect: z
        .record(z.string(), z.union([preset, zone]))
        .describe("What each zone is protected against.")
        .optional(),
      detect: z
        .strictObject(Object.fromEntries(detectorWords.map((words) => [words.name, detector(words)])))
        .describe("What the guard looks for.")
        .optional(),
      bypass: texts.describe(`Packets that are not looked at: ${phraseGrammar}`).optional(),
    })
    .describe("A Floodwall policy: what a host or gateway is protected against.")
}

/** The published JSON Schema (draft 7, which editors' YAML servers read). */
export function policyJsonSchema(kinds: readonly ProtectionKind[] = protectionKinds): object {
  return {
    ...z.toJSONSchema(policySchema(kinds), { target: "draft-7", reused: "ref" }),
    title: "Floodwall policy",
  }
}

function protectionShape(kind: ProtectionKind): z.ZodType {
  const { title, text, harms } = kind.manual
  return shapes[kind.value](kind)
    .describe(`${title}\n\n${text}\n\nHonest traffic it can harm: ${harms}`)
    .optional()
}

interface Settable {
  readonly limits: ProtectionKind["limits"]
  readonly options?: ProtectionKind["options"] | undefined
}

const off = z.literal("off")
const word = z.enum(["off", ...actions])
const texts = oneOrMore(z.string())
const port = z.union([z.string(), z.number().int().min(1).max(65535)])
const portsText = "The ports that clients dial, before destination NAT."
const ports = oneOrMore(port).describe(portsText).optional()
const opening = z
  .strictObject({
    ports: oneOrMore(port).describe(`${portsText} all: every port and every protocol.`),
    from: texts.describe("From these alone: addresses, networks, names, or file PATH.").optional(),
    to: texts.describe("To these destinations alone, as they were dialled.").optional(),
    only: z
      .enum(openingEnds)
      .describe("here: for this host itself; through: for what it passes on. Left out: both.")
      .optional(),
  })
  .describe("Ports that are open in part.")
const action = z.enum(actions)
const protectionAction = action
  .describe("notify, drop, or block: drop and keep the source out for a while.")
  .optional()
const addressList = texts.describe("Addresses, networks, names, and paths of list files.")
const duration = z
  .string()
  .regex(/^(\d+(ms|[wdhms]))+$/)
  .meta({ examples: ["7d"] })
const blockFor = z
  .string()
  .regex(/^((\d+(ms|[wdhms]))+|ever)$/)
  .describe("How long a source is kept out where the action is block: 10m, 6h, ever.")
  .optional()
const prefixLength = z.union([z.string().regex(/^\/\d+$/), z.number().int().positive()])
const per = z
  .union([
    z.enum(["source", "everyone"]),
    prefixLength,
    z.strictObject({ ipv4: prefixLength.optional(), ipv6: prefixLength.optional() }),
  ])
  .describe(
    "What shares a limit: a source (IPv6: its /64), everyone together, or sources of a prefix such as /24.",
  )
  .optional()

const limitShapes: Readonly<Record<Limit["form"], z.ZodType>> = {
  rate: z
    .string()
    .regex(/^[1-9]\d*\/(second|minute|hour|day|week)( burst [1-9]\d*)?$/)
    .meta({ examples: [limitExamples.rate] }),
  window: z
    .string()
    .regex(/^more than [1-9]\d* in (\d+(ms|[wdhms]))+$/)
    .meta({ examples: [limitExamples.window] }),
  count: z
    .number()
    .int()
    .positive()
    .meta({ examples: [300] }),
  ramp: z
    .string()
    .regex(/^[1-9]\d*\.\.[1-9]\d*\/(second|minute|hour|day|week)$/)
    .meta({ examples: [limitExamples.ramp] }),
}

const shapes: Readonly<Record<ProtectionKind["value"], (kind: ProtectionKind) => z.ZodType>> = {
  setting: (kind) => setting(kind, common(kind)),
  group: (kind) => setting(kind, common(kind)),
  ports: (kind) => z.union([off, oneOrMore(port), z.strictObject(common(kind))]),
  openings: (kind) => {
    const list = oneOrMore(z.union([port, opening]))
    return z.union([
      off,
      list,
      z.strictObject({ ...common(kind), ports: list.describe(portsText).optional() }),
    ])
  },
  "setting-per-port": (kind) => {
    const { ports: _ports, ...perPort } = common(kind)
    return z.union([off, z.strictObject(common(kind)), z.record(z.string(), setting(kind, perPort))])
  },
  "setting-and-per-port": (kind) => {
    const { ports: _ports, ...perPort } = common(kind)
    return z.union([
      ...settingForms(kind),
      z.strictObject(common(kind)),
      z.object(perPort).catchall(setting(kind, perPort)),
    ])
  },
  addresses: (kind) => {
    const { ports: _ports, ...keys } = common({ limits: [], options: kind.options })
    return z.union([off, addressList, z.strictObject({ ...keys, addresses: addressList })])
  },
}

function setting(settable: Settable, keys: Record<string, z.ZodType>): z.ZodType {
  return z.union([...settingForms(settable), z.strictObject(keys)])
}

function settingForms({ limits }: Settable): readonly z.ZodType[] {
  return [word, ...limits.map((form) => limitShapes[form])]
}

function common({ limits, options = {} }: Settable): Record<string, z.ZodType> {
  const forms = limits.map((form) => limitShapes[form])
  const limit = z.union(forms).optional()
  return {
    ...(limits.length > 0 && { limit, per }),
    ports,
    for: z
      .record(z.string(), z.union([off, ...forms]))
      .describe("Hosts with a limit of their own, or off.")
      .optional(),
    action: protectionAction,
    "block-for": blockFor,
    ...Object.fromEntries(Object.entries(options).map(([name, values]) => [name, option(values)])),
  }
}

function option(values: readonly string[] | "number"): z.ZodType {
  return (values === "number" ? z.number().int().nonnegative() : z.enum(values)).optional()
}

function detector({ title, limits, hasPorts }: (typeof detectorWords)[number]): z.ZodType {
  const { ports, ...keys } = common({ limits })
  return setting({ limits }, hasPorts && ports ? { ...keys, ports } : keys)
    .describe(title)
    .optional()
}

function oneOrMore(item: z.ZodType): z.ZodType {
  return z.union([item, z.array(item)])
}
