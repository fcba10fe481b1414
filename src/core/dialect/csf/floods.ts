import { isProblem } from "../../base/diagnostic.js"
import { parseRate } from "../../base/rate.js"
import type { Draft } from "../imported.js"
import type { Setting } from "./conf.js"
import { type Findings, flow, off, path, type Told } from "./findings.js"

/** iptables' burst where none is said, or 0. */
const usualBurst = 5

const largestBurst = 10_000

/** xt_limit counts no finer than a tenth of a millisecond. */
const fastest = 10_000

const units = { second: 1, minute: 60, hour: 3600, day: 86_400 } as const

/** `100/s` as iptables' `--limit` takes it: any beginning of a unit, or none for a second's; digits, and what follows them does not count. Undefined: iptables refuses it. */
export function limitPhrase(rate: string, burst: string | number = usualBurst): string | undefined {
  const slash = rate.indexOf("/")
  const word = slash < 0 ? "second" : rate.slice(slash + 1).toLowerCase()
  const unit = Object.entries(units).find(([name]) => word !== "" && name.startsWith(word))
  const count = Number.parseInt(rate, 10)
  if (!unit || /\s/.test(rate) || !(count > 0) || count / unit[1] > fastest) return undefined
  if (!/^\d{1,9}$/.test(`${burst}`) || Number(burst) > largestBurst) return undefined
  const phrase = `${count}/${unit[0]}`
  return isProblem(parseRate(phrase)) ? undefined : `${phrase} burst ${Number(burst) || usualBurst}`
}

/** The rule that lets so many past is refused, and the one behind it, which takes the rest, is not. */
function takesAll(setting: Setting, what: string, all: string): Told {
  return {
    owner: "partly",
    does: `iptables refuses ${what}, so the rule that lets some past is not there; the one behind it drops ${all}`,
    relation: "lost",
    why: "which limit was meant is not guessed; without one all of them pass",
    protects: true,
    mistakes: [
      {
        id: "csf-rule-refused",
        message: `${setting.name} drops ${all}: iptables refuses ${what}`,
        hint: "a rate is written 100/s, at most 10000 a second; a burst is at most 10000",
      },
    ],
  }
}

/** `SYNFLOOD = "1"`, with SYNFLOOD_RATE and SYNFLOOD_BURST: one bucket for everybody. */
export function readSynFlood(findings: Findings, setting: Setting): Told {
  const { configuration, exact, incoming } = findings
  if (!configuration.isOn("SYNFLOOD")) return off("CSF limits no SYNs")
  const [rate, burst] = [configuration.value("SYNFLOOD_RATE"), configuration.value("SYNFLOOD_BURST")]
  const phrase = limitPhrase(rate, burst)
  if (phrase === undefined)
    return takesAll(setting, `"${rate}" with a burst of "${burst}"`, "every SYN, so that nobody gets in")
  const value: Draft = exact ? { limit: phrase, per: "everyone" } : phrase
  incoming["syn-floods"] = value
  const both = configuration.filtersIpv6
  return {
    owner: "works",
    does: `SYNs of all sources together beyond ${phrase} are dropped: in a flood honest ones with the others (1 of 100 came through at 1000 to 2000/s)`,
    becomes: [path("syn-floods", flow(value))],
    ...(exact
      ? both
        ? { relation: "stricter", why: "IPv4 and IPv6 share the limit, where CSF has one for each" }
        : { relation: "same" }
      : {
          relation: "looser",
          why: "each source has the limit for itself, so that a flood shuts nobody else out",
        }),
    protects: true,
    mistakes: [
      {
        id: "csf-limit-for-all",
        message: "SYNFLOOD counts everybody together, so that one attacker shuts all others out",
        hint: "syn-floods counts each source; per: everyone is CSF's way",
      },
    ],
  }
}

/** `UDPFLOOD = "1"`: what this host's own users send, not what arrives. */
export function readUdpFlood(findings: Findings, setting: Setting): Told {
  const { configuration } = findings
  if (!configuration.isOn("UDPFLOOD")) return off("CSF limits no UDP that leaves")
  const rate = configuration.value("UDPFLOOD_LIMIT") || "100/s"
  const burst = configuration.value("UDPFLOOD_BURST") || "500"
  if (limitPhrase(rate, burst) === undefined)
    return takesAll(
      setting,
      `"${rate}" with a burst of "${burst}"`,
      "all UDP that this host's own programs send, but for root's and UDPFLOOD_ALLOWUSER's",
    )
  return {
    owner: "works",
    does: `UDP that programs of this host send, but for root's and UDPFLOOD_ALLOWUSER's, is rejected beyond ${rate} burst ${burst}; UDP that arrives is not limited`,
    relation: "lost",
    why: "a policy cannot ask whose program sends a packet, and a limit for all would stop the name server's questions",
    protects: true,
    mistakes: [
      {
        id: "csf-not-carried",
        message: "UDPFLOOD limits what leaves, by the user who sends it; a policy cannot say that",
        hint: "for UDP that arrives: all-floods: { limit: 500/second burst 2000, ports: [53/udp] }",
      },
    ],
  }
}

/** `ICMP_IN = "1"`: whether this host answers pings. */
export function readIcmpIn(findings: Findings): Told {
  if (findings.configuration.isOn("ICMP_IN")) {
    return {
      owner: "works",
      does: "pings are let in (up to ICMP_IN_RATE), and so is all other ICMP",
      relation: findings.configuration.closes ? "stricter" : "same",
      ...(findings.configuration.closes && {
        why: "behind open, ICMP other than errors, pings and what IPv6 needs is dropped (timestamps, address masks)",
      }),
      protects: false,
    }
  }
  return {
    owner: "works",
    does: "pings of IPv4 are dropped, all other ICMP is let in",
    relation: "lost",
    why: "no protection drops all pings",
    protects: true,
    mistakes: [
      {
        id: "csf-not-carried",
        message: 'ICMP_IN = "0" drops all pings; a policy limits them, and drops none below the limit',
        hint: "icmp-floods: 1/second burst 1",
      },
    ],
  }
}

/** `ICMP_IN_RATE = "1/s"`: per address, says csf.conf; for everybody, say the rules. */
export function readIcmpInRate(findings: Findings, setting: Setting): Told {
  const { configuration, exact, incoming } = findings
  if (!configuration.isOn("ICMP_IN_RATE") || !configuration.isOn("ICMP_IN"))
    return off("CSF limits no pings that arrive")
  const rate = configuration.value("ICMP_IN_RATE")
  const phrase = limitPhrase(rate)
  if (phrase === undefined) return takesAll(setting, `"${rate}"`, "every ping of IPv4")
  const only4: Draft = configuration.filtersIpv6 ? { for: { "::/0": "off" } } : {}
  const value: Draft = exact ? { limit: phrase, per: "everyone", ...only4 } : phrase
  incoming["icmp-floods"] = value
  return {
    owner: "partly",
    does: `pings of IPv4 of all sources together beyond ${phrase} are dropped; who pings once beside one that pings often gets no answer`,
    becomes: [path("icmp-floods", flow(value))],
    ...(exact
      ? { relation: "same" }
      : {
          relation: "looser",
          why: "each source has the limit for itself, as csf.conf's comment promises; stricter: pings of IPv6 have it, too",
        }),
    protects: true,
    mistakes: [
      {
        id: "csf-limit-for-all",
        message: "ICMP_IN_RATE counts everybody together, so that one who pings often silences all others",
      },
    ],
  }
}

export function readIcmpOutRate(findings: Findings, setting: Setting): Told {
  const { configuration, outgoing } = findings
  if (!configuration.isOn("ICMP_OUT_RATE")) return off("CSF limits no pings that leave")
  const rate = configuration.value("ICMP_OUT_RATE")
  const phrase = limitPhrase(rate)
  if (phrase === undefined) return takesAll(setting, `"${rate}"`, "every ping of IPv4 that this host sends")
  const value: Draft = { limit: phrase, per: "everyone" }
  outgoing["icmp-floods"] = value
  return {
    owner: "works",
    does: `pings of IPv4 that this host sends are dropped beyond ${phrase}`,
    becomes: [path("outgoing.icmp-floods", flow(value))],
    relation: "stricter",
    why: "pings that are passed on, and those of IPv6, count as well",
    protects: true,
  }
}

export function readIcmpOut(findings: Findings): Told {
  if (findings.configuration.isOn("ICMP_OUT")) return off("pings leave")
  return {
    owner: "works",
    does: "pings of IPv4 do not leave",
    relation: "lost",
    why: "no protection drops all pings",
    protects: true,
    mistakes: [
      {
        id: "csf-not-carried",
        message: 'ICMP_OUT = "0" keeps all pings from leaving; a policy only limits them',
      },
    ],
  }
}

export function readTimestampDrop(findings: Findings): Told {
  const { configuration } = findings
  if (!configuration.isOn("ICMP_TIMESTAMPDROP")) return off("requests for the time are let in")
  if (configuration.closes) {
    return {
      owner: "works",
      does: "requests for the time (ICMP 13) are dropped",
      becomes: [path("open", "the ports")],
      relation: "same",
      protects: true,
    }
  }
  return {
    owner: "works",
    does: "requests for the time (ICMP 13) are dropped",
    relation: "lost",
    why: "open drops them, and the file does not say which ports are open",
    protects: true,
    mistakes: [
      {
        id: "csf-not-carried",
        message: "requests for the time are dropped behind open, which this policy lacks",
      },
    ],
  }
}
