import { ruleText } from "../../backend/iptables/rule-text.js"
import type { Diagnostic, Span } from "../../base/diagnostic.js"
import type { DialectFile, DraftMap, Imported, ImportItem, ImportOptions } from "../imported.js"
import { importIptables } from "../iptables/import.js"
import { problem } from "../problem.js"
import { type Property, readProperties } from "./properties.js"
import { isRuleFile, type KuraRuleFile, readRuleFile } from "./rule-files.js"
import { type IcmpForm, type KuraRule, kuraRules, kuraRulesText } from "./rules.js"

/** `org.eclipse.kura.internal.floodingprotection.…`, and other packages before 5.0. */
const component = ".FloodingProtectionConfigurator"
const ipv4Name = "flooding.protection.enabled"
const ipv6Name = "flooding.protection.enabled.ipv6"

/** Named by pages about Kura, and by no version of it. */
const inventedName = "fragmented.packet.filtering.enabled"

/**
 * Eclipse Kura's Network Threat Manager: a snapshot, a properties file or an answer of its REST service with the two parameters, or the rules
 * themselves as iptables-save and ip6tables-save print them.
 */
export function importKura(files: readonly DialectFile[], options: ImportOptions): Imported {
  const rules = files.filter(isRuleFile).flatMap(readRuleFile)
  if (rules.length === 0) return importProperties(files)
  return importRules(rules) ?? changedRules(rules, options)
}

/** Somebody has changed them: each for itself. A list of both IP versions is two files, whose lines are those of the one. */
function changedRules(rules: readonly KuraRuleFile[], options: ImportOptions): Imported {
  const named = rules.map(({ file, back }, index) => {
    const isSecond = rules.slice(0, index).some((other) => other.file.path === file.path)
    return { file: { ...file, path: isSecond ? `${file.path} (IPv6)` : file.path }, back }
  })
  const imported = importIptables(
    named.map(({ file }) => file),
    options,
  )
  const back = (span: Span) => named.find(({ file }) => file.path === span.file)?.back(span) ?? span
  return { ...movedBack(imported, back), handOver: handOver("rules") }
}

function movedBack(imported: Imported, back: (span: Span) => Span): Imported {
  const diagnostic = (each: Diagnostic): Diagnostic => (each.span ? { ...each, span: back(each.span) } : each)
  return {
    ...imported,
    diagnostics: imported.diagnostics.map(diagnostic),
    items: imported.items.map((item) => ({
      ...item,
      span: back(item.span),
      diagnostics: item.diagnostics.map(diagnostic),
    })),
  }
}

interface Found {
  readonly ipv4: boolean
  readonly ipv6: boolean
  readonly form: IcmpForm
  /** Kura sets the kernel's memory for fragments to nothing where it is told to protect. */
  readonly stopsFragments: boolean
  readonly zones: DraftMap
}

function policyOf({ ipv4, ipv6, form, stopsFragments, zones }: Found): DraftMap {
  const spared = ipv4 && ipv6 ? {} : { for: { [ipv4 ? "::/0" : "0.0.0.0/0"]: "off" } }
  const isPlain = form === "all" && ipv4 && ipv6
  const kura = isPlain
    ? "drop"
    : { action: "drop", ...(form === "echo-requests" && { icmp: form }), ...spared }
  const fragments = ipv4 && ipv6 ? "drop" : { action: "drop", ...spared }
  const protections: DraftMap =
    ipv4 || ipv6
      ? { ...(stopsFragments && { fragments }), "kura-flooding-protection": kura }
      : { preset: "off" }
  return {
    version: 1,
    interfaces: zones,
    protect: Object.fromEntries(Object.keys(zones).map((zone) => [zone, protections])),
  }
}

const ownPath = (zone: string) => `protect.${zone}.kura-flooding-protection: drop`

function importProperties(files: readonly DialectFile[]): Imported {
  const properties = files.flatMap((file) => readProperties(file))
  const own = properties.filter(isOwn)
  const ipv4 = own.find(({ name }) => name === ipv4Name)
  const ipv6 = own.find(({ name }) => name === ipv6Name)
  // The parameter for IPv6 came with 5.4, and 5.6.1 took the errors of ICMP out of the rules; no snapshot says its version.
  const form: IcmpForm = ipv6 === undefined ? "all" : "echo-requests"
  const zones = zonesOf(properties)
  const found: Found = {
    ...{ ipv4: isOn(ipv4), ipv6: isOn(ipv6), form, zones },
    stopsFragments: true,
  }
  const names = Object.keys(zones)
  const items = properties.flatMap((property): readonly ImportItem[] => {
    if (property === ipv4) return parameterItems(property, 4, found, names)
    if (property === ipv6) return parameterItems(property, 6, found, names)
    return [isOwn(property) ? strangeItem(property) : foreignItem(property)]
  })
  const [first] = files
  const diagnostics: Diagnostic[] =
    ipv4 || ipv6 || first === undefined
      ? []
      : [
          problem(
            "import-nothing-found",
            "error",
            `neither ${ipv4Name} nor ${ipv6Name} stands here`,
            { file: first.path, line: 1, column: 1 },
            "they are in a snapshot (snapshot_….xml), or name them in a file: flooding.protection.enabled=true; Kura 5.6.1 and newer take both for true where no snapshot names them",
          ),
        ]
  return {
    policy: policyOf(found),
    items,
    diagnostics,
    closed,
    handOver: handOver("parameters"),
    ownerRules: () => ({
      ipv4: found.ipv4 ? kuraRulesText(4, form) : "",
      ipv6: found.ipv6 ? kuraRulesText(6, form) : "",
    }),
  }
}

function isOwn({ pid, name }: Property): boolean {
  return pid.endsWith(component) || (pid === "" && (name.startsWith("flooding.") || name === inventedName))
}

/** Java's Boolean.parseBoolean. */
function isOn(property: Property | undefined): boolean {
  return property?.value.toLowerCase() === "true"
}

/** Devices as Kura's network configuration has them; a modem is named by its USB port there, and ppp0 by the kernel. */
function zonesOf(properties: readonly Property[]): DraftMap {
  const devices = { wan: [] as string[], lan: [] as string[] }
  for (const { name, value } of properties) {
    const device = /^net\.interface\.(.+)\.config\.ip[46]\.status$/.exec(name)?.[1]
    const zone = /EnabledWAN$/.test(value) ? "wan" : /EnabledLAN$/.test(value) ? "lan" : undefined
    if (device === undefined || zone === undefined || device === "lo") continue
    const known = /^\d+-\d/.test(device) ? "ppp*" : device
    if (!/^[^\s/:*,"]{1,15}\*?$/.test(known) || [...devices.wan, ...devices.lan].includes(known)) continue
    devices[zone].push(known)
  }
  const named = Object.entries(devices).filter(([, list]) => list.length > 0)
  if (named.length === 0) return { wan: "auto" }
  return Object.fromEntries(named.map(([zone, list]) => [zone, list.length === 1 ? list[0]! : list]))
}

/** The parameter, and each rule that it stands for. */
function parameterItems(
  property: Property,
  family: 4 | 6,
  found: Found,
  zones: readonly string[],
): readonly ImportItem[] {
  const { text, span, value } = property
  const tool = family === 4 ? "iptables" : "ip6tables"
  if (!isOn(property)) {
    const isWord = value.toLowerCase() === "false"
    const item: ImportItem = {
      ...{ text, span, becomes: null, relation: "same", protects: false },
      owner: isWord ? "works" : "nothing",
      ownerDoes: `No rules of ${tool} for flooding protection, and fragments are put together as usual.`,
      diagnostics: isWord
        ? []
        : [
            problem(
              "import-bad-value",
              "warning",
              `"${value}" is not true, so Kura takes it for false`,
              span,
            ),
          ],
    }
    return [item]
  }
  const rules = kuraRules(family, found.form)
  const live = rules.filter(({ owner }) => owner === "works").length
  const versions =
    found.form === "all"
      ? "As Kura up to 5.6.0 does."
      : "As Kura 5.6.1 and newer do; 5.4 to 5.6.0 dropped ping's answers too, and for IPv4 all ICMP."
  const whole: ImportItem = {
    ...{ text, span, owner: "partly", protects: true },
    ownerDoes: `Loads ${rules.length} rules of ${tool} into the table mangle, of which ${live} can match: ${numbersOf(rules, ({ owner }) => owner === "nothing")} never do. Of the others ${numbersOf(rules, ({ harms }) => harms !== undefined)} stop honest traffic. None limits anything: a flood of well-formed packets passes.`,
    becomes: zones.map(ownPath).join("; "),
    relation: "looser",
    why: `${versions} Kura's rules are for every device and loopback, the policy's for the devices under interfaces. preset: default protects without the harm, and limits floods.`,
    diagnostics: [],
  }
  return [whole, ...rules.map((rule) => ruleItem(rule, span, family, zones, true))]
}

/** `rules 4 to 7, 9 and 11 to 15`. */
function numbersOf(rules: readonly KuraRule[], test: (rule: KuraRule) => boolean): string {
  const ranges: [number, number][] = []
  for (const [index, rule] of rules.entries()) {
    if (!test(rule)) continue
    const last = ranges.at(-1)
    if (last && last[1] === index) last[1] = index + 1
    else ranges.push([index + 1, index + 1])
  }
  const texts = ranges.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`))
  return texts.length < 2 ? texts.join("") : `${texts.slice(0, -1).join(", ")} and ${texts.at(-1)}`
}

function ruleItem(
  rule: KuraRule,
  span: Span,
  family: 4 | 6,
  zones: readonly string[],
  isParameter: boolean,
): ImportItem {
  const { text, does, owner, harms } = rule
  const tool = family === 4 ? "iptables" : "ip6tables"
  const item = { text: `${tool} -t mangle -A prerouting-kura ${text}`, span, relation: "same" as const }
  if (text === "-f -j DROP" || text.includes("ipv6-frag")) {
    const thresholds =
      family === 4 ? "net.ipv4.ipfrag_high_thresh=0" : "net.netfilter.nf_conntrack_frag6_high_thresh=0"
    return {
      ...item,
      owner: isParameter ? "partly" : "nothing",
      ownerDoes: isParameter
        ? `Never matches: connection tracking puts fragments together first. Kura's ${thresholds} stops them all instead.`
        : "Never matches: connection tracking puts fragments together first.",
      becomes: isParameter ? zones.map((zone) => `protect.${zone}.fragments: drop`).join("; ") : null,
      protects: isParameter,
      diagnostics: isParameter
        ? [
            problem(
              "import-harms",
              "warning",
              "stops honest traffic: DNSSEC, IKE and NFS send fragments",
              span,
            ),
          ]
        : [problem("import-without-effect", "warning", "the rule can never match", span)],
    }
  }
  if (owner === "nothing")
    return {
      ...item,
      ...{ owner, ownerDoes: does, becomes: null, protects: false },
      diagnostics: [problem("import-without-effect", "warning", "the rule can never match", span)],
    }
  return {
    ...item,
    ...{ owner, ownerDoes: does, becomes: zones.map(ownPath).join("; "), protects: true },
    diagnostics:
      harms === undefined ? [] : [problem("import-harms", "warning", `stops honest traffic: ${harms}`, span)],
  }
}

function strangeItem({ name, text, span, pid }: Property): ImportItem {
  const isInvented = name === inventedName
  const isOfOsgi = /^(?:service\.|kura\.|component\.)/.test(name) && pid !== ""
  return {
    ...{ text, span, becomes: null, protects: false },
    owner: isOfOsgi ? "works" : "nothing",
    ownerDoes: isInvented
      ? "No version of Kura has this parameter; fragments are stopped where flooding protection is enabled."
      : isOfOsgi
        ? "Names the component."
        : "Flooding protection has no such parameter.",
    relation: isInvented ? "same" : "not-ours",
    diagnostics: isOfOsgi
      ? []
      : [problem("import-unknown-setting", "warning", `Kura has no parameter ${name}`, span)],
  }
}

function foreignItem({ text, span }: Property): ImportItem {
  return {
    ...{ text, span, owner: "works", becomes: null, relation: "not-ours", protects: false, diagnostics: [] },
    ownerDoes: "Of another component of Kura, which keeps it.",
  }
}

/** Undefined: they are not Kura's, or not all of them that can match are there. */
function importRules(files: readonly KuraRuleFile[]): Imported | undefined {
  const items: ImportItem[] = []
  const diagnostics: Diagnostic[] = []
  const forms = new Map<4 | 6, IcmpForm>()
  for (const { family, read } of files) {
    const { ruleset, diagnostics: found } = read
    diagnostics.push(...found)
    const rules = ruleset.tables.flatMap(({ name, chains }) =>
      chains.flatMap((chain) =>
        chain.rules.map(({ steps, origin }) => ({
          isOwn: name === "mangle" && chain.name !== "output-kura",
          text: ruleText(steps) ?? "",
          origin,
        })),
      ),
    )
    const texts = new Set(rules.filter(({ isOwn }) => isOwn).map(({ text }) => text))
    const form = (["all", "echo-requests"] as const).find((each) =>
      kuraRules(family, each)
        .filter(({ owner }) => owner === "works")
        .every(({ text }) => texts.has(text)),
    )
    if (form === undefined) {
      // A file of the other IP version may hold none of them.
      if ([...texts].some((text) => text.endsWith("-j DROP"))) return undefined
      continue
    }
    forms.set(family, form)
    const known = [...kuraRules(family, form)]
    for (const { text, origin, isOwn } of rules) {
      const index = isOwn ? known.findIndex((rule) => rule.text === text) : -1
      const [rule] = index < 0 ? [] : known.splice(index, 1)
      const span = origin.span!
      if (rule) items.push({ ...ruleItem(rule, span, family, ["wan"], false), text: origin.text })
      else items.push(otherRule(text, origin.text, span))
    }
  }
  if (forms.size === 0) return undefined
  const found: Found = {
    ...{ ipv4: forms.has(4), ipv6: forms.has(6), zones: { wan: "auto" }, stopsFragments: false },
    form: [...forms.values()].includes("all") ? "all" : "echo-requests",
  }
  const isThere = (version: 4 | 6) => (found.ipv4 && version === 4) || (found.ipv6 && version === 6)
  const texts = (version: 4 | 6) => (isThere(version) ? kuraRulesText(version, forms.get(version)!) : "")
  return {
    policy: policyOf(found),
    items,
    diagnostics,
    closed,
    handOver: handOver("rules"),
    ownerRules: () => ({ ipv4: texts(4), ipv6: texts(6) }),
  }
}

/** Jumps to Kura's chains, their ends, and what is of its firewall. */
function otherRule(normal: string, text: string, span: Span): ImportItem {
  const isOutput = normal === "-m rt --rt-type 0 -j DROP"
  return {
    ...{ text, span, owner: "works", diagnostics: [] },
    ownerDoes: isOutput
      ? "Drops this host's own packets with a routing header of type 0."
      : "Of Kura's firewall, or the way to its chains.",
    becomes: isOutput ? ownPath("wan") : null,
    relation: isOutput ? "same" : "not-ours",
    protects: isOutput,
  }
}

const closed = {
  before: "what Kura's firewall does not open, by its table filter (INPUT and FORWARD end in DROP).",
  after: "the same, by the same table, which stays.",
}

function handOver(from: "parameters" | "rules"): readonly string[] {
  return [
    "floodwall apply: on trial for 60 seconds, beside Kura's rules",
    "floodwall confirm, from a second session",
    from === "parameters"
      ? "Kura's console, Security, Network Threat Manager: set both parameters to false, Apply; Kura writes its rules anew, and traffic stops for half a second"
      : "stop what loads these rules, and flush them: iptables -t mangle -F prerouting-kura",
    "sysctl net.ipv4.ipfrag_high_thresh net.netfilter.nf_conntrack_frag6_high_thresh: 4194304 where Kura has let go; 0 stops all fragments, and before Linux 6 IPv6's stay so until a reboot",
    "Kura's tables filter and nat stay as they are, and go on closing ports",
    "floodwall enable; floodwall status",
  ]
}
