import { isLimiterName } from "../../core/backend/nft/names.js"
import { readNft } from "../../core/backend/nft/read/read.js"
import { type Address, printAddress, sameAddress } from "../../core/base/address.js"
import { hasErrors } from "../../core/base/diagnostic.js"
import { createEngine } from "../../core/engine/engine.js"
import { type RuleReference, ruleReference } from "../../core/engine/reference.js"
import { ctStateName, verdictNames } from "../../core/engine/verdict.js"
import { decode } from "../../core/packet/decode.js"
import { Packet } from "../../core/packet/packet.js"
import { parseScript } from "../../core/packet/script.js"
import { tableName } from "../../core/policy/compile.js"
import type { Ruleset } from "../../core/ruleset/ruleset.js"
import { list, listTables } from "../host/nft.js"
import { done, fail, failed, type Outcome } from "../host/outcome.js"
import { readAddresses } from "../host/routes.js"
import { outputOf } from "../host/run.js"
import { reproducible } from "./path.js"
import { type TracedStage, TraceRecorder, withCtState } from "./trace-recorder.js"

export interface DialledPort {
  readonly port: number
  readonly protocol: "tcp" | "udp"
}

/** What becomes of the first packet of a connection, as the kernel's rules and sets stand now. */
export interface Reach {
  readonly packet: string
  readonly verdict: string
  readonly rule: RuleReference | null
  /** What the rule's comment says it comes from: `policy.yaml:12 blocked`. */
  readonly comment?: string
  readonly ctstate: string | null
  readonly why: string
  readonly stages: readonly TracedStage[]
  readonly family: 4 | 6
  /** Rules of others could not be read, and were not asked. */
  readonly onlyOurs: boolean
}

/** `443/tcp`, `53/udp`, `22`. */
export function parseDialledPort(text: string): DialledPort | undefined {
  const [, digits = "", protocol = "tcp"] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(text) ?? []
  const port = Number(digits)
  return digits !== "" && port >= 1 && port <= 65535
    ? { port, protocol: protocol as "tcp" | "udp" }
    : undefined
}

/**
 * Reads back what the kernel has, rules and elements of sets, and sends the first packet of a connection from an address to a port of this host through the engine with
 * them. What the kernel has counted of a limit before is not known here: a limit is asked as if it were fresh.
 */
export function reach(from: Address, { port, protocol }: DialledPort): Outcome<Reach> {
  const rules = liveRules()
  if (failed(rules)) return rules
  const way = wayTo(from)
  if (way === undefined)
    return fail(
      "cannot",
      "no-way-there",
      `this host has no route to ${printAddress(from)}, so no address that it would dial`,
    )
  const { engine } = createEngine(asFresh(rules.value.ruleset), {
    interfaces: [{ name: way.device, networks: ["default"] }],
    local: readAddresses().map(({ address }) => address),
    settings: {},
    iptablesNft: true,
    random: reproducible(),
  })
  if (engine === null) return fail("cannot", "kernel-unreadable", "the kernel's rules are not understood")
  const what = protocol === "tcp" ? "S mss 1460" : "udp len 40"
  const text = `in ${way.device} ${endpoint(printAddress(from), 40000)} > ${endpoint(way.own, port)} ${what}`
  const [sent] = parseScript(text, "packet").packets
  if (sent === undefined) return fail("cannot", "kernel-unreadable", `no packet can be made of: ${text}`)
  const packet = new Packet()
  const { bytes, linkType } = sent
  decode(
    packet,
    new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    0,
    bytes.length,
    bytes.length,
    linkType,
  )
  packet.inputInterface = engine.interfaces.index(way.device)
  packet.outputInterface = 0
  const recorder = new TraceRecorder(engine)
  const judgement = engine.judge(packet, "input", recorder)
  const comment = engine.chains[judgement.chain]?.rules[judgement.rule]?.rule.comment
  return done({
    packet: text,
    verdict: verdictNames[judgement.verdict]!,
    rule: ruleReference(engine, judgement.chain, judgement.rule),
    ...(comment !== undefined && { comment }),
    ctstate: ctStateName(judgement.ctState),
    why: judgement.why,
    stages: withCtState(recorder.stages, judgement.ctState),
    family: from.family,
    onlyOurs: rules.value.onlyOurs,
  })
}

/** Everybody's rules; where some of them are not nft's (iptables' extensions), ours alone. */
function liveRules() {
  const all = list("list", "ruleset")
  if (failed(all)) return all
  const everything = readNft({ path: "kernel", text: all.value })
  if (!hasErrors(everything.diagnostics)) return done({ ruleset: everything.ruleset, onlyOurs: false })
  const tables = listTables()
  if (failed(tables)) return tables
  const texts: string[] = []
  for (const place of tables.value.filter((each) => each.split(" ")[1] === tableName)) {
    const own = list("list", "table", ...place.split(" "))
    if (failed(own)) return own
    texts.push(own.value)
  }
  const ours = readNft({ path: "kernel", text: texts.join("\n") })
  return hasErrors(ours.diagnostics)
    ? fail("cannot", "kernel-unreadable", ours.diagnostics[0]!.message)
    : done({ ruleset: ours.ruleset, onlyOurs: true })
}

/** What limits remember of sources is left out: a bucket's level is not in the listing, and would be taken for empty. */
function asFresh(ruleset: Ruleset): Ruleset {
  const tables = ruleset.tables.map((table) => ({
    ...table,
    sets: table.sets.map(({ elements, ...set }) =>
      isLimiterName(set.name) || elements === undefined ? set : { ...set, elements },
    ),
  }))
  return { tables }
}

/** The device that answers to an address leave by, and the address that they come from. */
function wayTo(address: Address): { readonly device: string; readonly own: string } | undefined {
  if (readAddresses().some((own) => sameAddress(own.address, address))) return undefined
  const text = outputOf("ip", ["-j", "route", "get", printAddress(address)])
  const [route] = text === undefined ? [] : (JSON.parse(text) as { dev?: string; prefsrc?: string }[])
  return route?.dev !== undefined && route.prefsrc !== undefined
    ? { device: route.dev, own: route.prefsrc }
    : undefined
}

function endpoint(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`
}
