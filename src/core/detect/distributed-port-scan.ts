import type { Address } from "../base/address.js"
import { contains, normalise, type Prefix, printPrefix } from "../base/prefix.js"
import type { AnswerEvent } from "../event/answer-event.js"
import { Flow, sourceOf } from "../event/flow.js"
import { TCP } from "../packet/packet.js"
import type { DetectorSetting } from "../policy/policy.js"
import { type Detector, type DetectorContext, type DetectorKind, IS_SHUT_TCP } from "./detector.js"
import { mixSigned } from "./mix.js"
import { targetOf } from "./target.js"
import { type Company, Together } from "./together.js"
import { within } from "./words.js"

/** Two may be neighbours by chance. */
const SEVERAL = 3
/** What strikes any host of the internet comes from many sources that try a port or two each; who shares work tries more. */
const EACH = 3
/** Whose addresses one who scans has together. */
const NETWORK = { kind: "source", ipv4: 24, ipv6: 48 } as const
const HOST = { kind: "source", ipv4: 32, ipv6: 128 } as const
const MOST = 255
/** Of the sources of a finding. */
const SHOWN = 16

/**
 * Several sources that share a scan, so that none of them tries many ports: those of one network, whatever they try; and others where they try the ports of one host, each several. Single sources may be
 * honest, or forged, so nobody is accused. Who has been found to scan alone is not counted on.
 */
class DistributedPortScan implements Detector {
  readonly answers = IS_SHUT_TCP
  private readonly setting: DetectorSetting
  private readonly context: DetectorContext
  private readonly ofNetwork: Together
  private readonly ofHost: Together
  /** Its source is the host that somebody tries. */
  private readonly target = new Flow()

  constructor(setting: DetectorSetting, context: DetectorContext) {
    const { limit } = setting
    const [count, window] = limit?.form === "window" ? [limit.count, limit.duration / 1e9] : [39, 60]
    this.setting = setting
    this.context = context
    this.ofNetwork = new Together(Math.min(count, MOST), window, NETWORK)
    this.ofHost = new Together(Math.min(count, MOST), window, HOST)
  }

  answer(event: AnswerEvent): void {
    if (event.protocol !== TCP || event.probe !== "syn" || this.context.scanners.has(event)) return
    if (this.isExcepted(event)) return
    const { target } = this
    target.time = event.time
    target.family = event.family
    target.source0 = event.destination0
    target.source1 = event.destination1
    target.source2 = event.destination2
    target.source3 = event.destination3
    const { destination0, destination1, destination2, destination3, destinationPort } = event
    const item = mixSigned(destination0 ^ destination1, destination2, destination3, destinationPort)
    const network = this.ofNetwork.note(event, event, item)
    const host = this.ofHost.note(target, event, item)
    if (network >= 0 && this.ofNetwork.sourceCount(network) >= SEVERAL)
      this.report(event, this.ofNetwork.company(network))
    else if (host >= 0 && this.areSharing(host)) this.report(event, this.ofHost.company(host))
  }

  private areSharing(host: number): boolean {
    const sources = this.ofHost.sourceCount(host)
    return sources >= SEVERAL && this.ofHost.triedOf(host) >= EACH * sources
  }

  private report(event: AnswerEvent, company: Company): void {
    const { sources, tried, first, repetition } = company
    const sourceCount = sources.length
    const network = networkOf(sourceOf(event))
    const isOfOne = sources.every((each) => contains(network, each))
    const who = isOfOne ? `sources of ${printPrefix(network)}` : "sources"
    this.ofNetwork.tell(event)
    this.ofHost.tell(this.target)
    this.context.reportFinding(
      {
        at: event.time,
        kind: isOfOne ? "network-port-scan" : "distributed-port-scan",
        sentence: `${sourceCount} ${who} tried ${tried} or more closed TCP ports together ${within(event.time - first)}`,
        sources: sources.slice(0, SHOWN),
        sourceCount,
        manySources: true,
        proven: false,
        target: { ...targetOf(event), ports: [], portCount: tried },
        evidence: { count: tried, first, last: event.time, packets: this.context.packets.of(event) },
        confidence: "medium",
        repetition,
      },
      this.setting.limit,
    )
  }

  private isExcepted(event: AnswerEvent): boolean {
    const { exceptions } = this.setting
    if (exceptions.length === 0) return false
    const source = sourceOf(event)
    return exceptions.some(
      ({ limit, hosts }) => limit === "off" && hosts.some((host) => contains(host, source)),
    )
  }
}

function networkOf(address: Address): Prefix {
  return normalise({ address, length: address.family === 4 ? NETWORK.ipv4 : NETWORK.ipv6 })
}

export const distributedPortScan: DetectorKind = {
  name: "distributed-port-scan",
  create: (setting, context) => new DistributedPortScan(setting, context),
}
