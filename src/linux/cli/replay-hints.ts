import type { ReplaySummary } from "../../core/engine/replay-summary.js"
import type { ReplayStory } from "./replay-text.js"
import { formatCount, formatShare, hang, plural } from "./text.js"

const SHOWN_IN_LINE = 5
/** From this share on, an address is probably the host that was captured on. */
const PROBABLY_LOCAL = 0.5
/** From this share on, wrong checksums of one source are its network card's work and not an attacker's. */
const PROBABLY_OFFLOADED = 0.9
const A_FEW = 0.02

/** What was assumed, and what would make the replay truer: one line each. */
export function replayHints(summary: ReplaySummary, story: ReplayStory, width: number): string {
  return [
    ...strangeText(story),
    ...arrivalText(story),
    ...localText(summary, story),
    ...unaskedText(story),
    ...checksumText(summary),
    ...settingsText(story),
  ]
    .map((line) => hang(line, width, "  "))
    .join("\n")
}

function strangeText({ strangeDevices, firstInterface, kind }: ReplayStory): string[] {
  if (strangeDevices.length === 0) return []
  const names = strangeDevices.slice(0, SHOWN_IN_LINE).join(", ")
  const more = strangeDevices.length > SHOWN_IN_LINE ? " and others" : ""
  const unknown = kind === "policy" ? "in no zone of the policy" : "which no rule names"
  return [
    `captured on ${names}${more}, ${unknown}: taken for ${firstInterface}; --interface NAME=CIDR,… says otherwise`,
  ]
}

/** A policy says where its packets arrive; of somebody's rules it is a guess, which is told. */
function arrivalText({
  kind,
  firstInterface,
  knowsLocal,
  knowsNetworks,
  strangeDevices,
}: ReplayStory): string[] {
  if (kind === "policy" || knowsNetworks || strangeDevices.length > 0) return []
  const way = knowsLocal ? "" : ", for this host"
  const options = knowsLocal ? "--interface says" : "--interface and --local say"
  return [
    `assumed, where the capture does not tell: packets arrive on ${firstInterface}${way}; ${options} otherwise`,
  ]
}

function localText({ packets, mostFrequent }: ReplaySummary, story: ReplayStory): string[] {
  if (!story.knowsLocal && story.asksLocal) {
    const address = mostFrequent?.address ?? "ADDRESS"
    return [
      `rules ask which addresses are this host's, and as nobody says it, what is for this host has them as destination: add --local ${address}`,
    ]
  }
  if (
    story.knowsLocal ||
    !mostFrequent ||
    mostFrequent.share < PROBABLY_LOCAL ||
    story.withoutDirection === 0
  )
    return []
  const { address, share } = mostFrequent
  const part = formatShare(Math.round(share * packets), packets)
  return [`${part} of packets are from or to ${address}: add --local ${address}`]
}

/** A gateway has rules for both: whoever names one file has mostly forgotten the other. */
function unaskedText({ kind, unasked }: ReplayStory): string[] {
  if (kind === "policy" || unasked === undefined) return []
  const { version, packets } = unasked
  const program = version === 6 ? "ip6tables-save" : "iptables-save"
  return [
    `${plural(packets, "packet is", "packets are")} IPv${version}, and no rule is: add --rules FILE with what ${program} prints`,
  ]
}

function checksumText({ packets, checksums }: ReplaySummary): string[] {
  const { packets: wrong, unfilled, source, fromSource } = checksums
  if (wrong === 0) return []
  const told = `${plural(wrong, "packet has", "packets have")} a wrong checksum (${formatShare(wrong, packets)}) and ${wrong === 1 ? "is" : "are"} invalid to conntrack`
  const isFew = wrong <= packets * A_FEW && unfilled === 0
  const isOfOne = source !== null && fromSource >= wrong * PROBABLY_OFFLOADED
  if (isFew || (unfilled < wrong * PROBABLY_OFFLOADED && !isOfOne)) {
    return [`${told}; where they were right on the wire: --sysctl nf_conntrack_checksum=0`]
  }
  const from = isOfOne ? `, ${fromSource === wrong ? "all" : "most"} from ${source}` : ""
  const why =
    unfilled > 0
      ? `${unfilled === wrong ? "" : `${formatCount(unfilled)} `}captured before the network card filled it in${from}`
      : `${from.slice(2)}, whose network card fills it in`
  return [`${told}: ${why}; add --sysctl nf_conntrack_checksum=0`]
}

function settingsText({ settings }: ReplayStory): string[] {
  if (settings.length === 0) return []
  const text = settings.map(([name, value]) => `${name}=${value}`).join(" ")
  return [`settings: ${text}; the others as Linux 6.18 has them`]
}
