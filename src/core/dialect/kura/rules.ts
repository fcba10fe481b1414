import type { OwnerOutcome } from "../imported.js"

/**
 * The rules of Kura's flooding protection, table mangle, in their order. What they do was measured with packets of all 64 combinations of flags on
 * Linux 6.18 (iptables 1.8.9, both back ends): behind the first two rules most of the others can never match.
 */
export interface KuraRule {
  /** Behind `-A prerouting-kura`. */
  readonly text: string
  readonly does: string
  readonly owner: OwnerOutcome
  /** The honest traffic that it stops. */
  readonly harms?: string
}

const dead = "Can never match: connection tracking calls such packets INVALID, and rule 1 has dropped them."

function flags(words: string): KuraRule {
  return { text: `-p tcp -m tcp --tcp-flags ${words} -j DROP`, owner: "nothing", does: dead }
}

/** 1 to 15: the same for both IP versions and in all versions of Kura. */
const common: readonly KuraRule[] = [
  {
    text: "-m conntrack --ctstate INVALID -j DROP",
    owner: "works",
    does: "Drops what belongs to no connection and cannot begin one.",
  },
  {
    text: "-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP",
    owner: "works",
    does: "Drops TCP connections that begin in the middle.",
    harms: "connections that were open before the rules, where the client speaks next",
  },
  {
    text: "-p tcp -m conntrack --ctstate NEW -m tcpmss ! --mss 536:65535 -j DROP",
    owner: "works",
    does: "Drops SYNs whose segment size is below 536, and those that name none.",
    harms: "clients that name no segment size, which then is 536 (RFC 9293), or a small one",
  },
  flags("FIN,SYN FIN,SYN"),
  flags("SYN,RST SYN,RST"),
  flags("FIN,RST FIN,RST"),
  flags("FIN,ACK FIN"),
  {
    text: "-p tcp -m tcp --tcp-flags ACK,URG URG -j DROP",
    owner: "works",
    does: "Drops SYNs with URG: of URG without ACK all that rules 1 and 2 leave.",
  },
  { ...flags("FIN,ACK FIN"), does: "The same as rule 7, which can never match either." },
  {
    text: "-p tcp -m tcp --tcp-flags PSH,ACK PSH -j DROP",
    owner: "works",
    does: "Drops SYNs and resets with PSH.",
    harms: "the few clients that send SYN with PSH",
  },
  flags("FIN,SYN,RST,PSH,ACK,URG FIN,SYN,RST,PSH,ACK,URG"),
  flags("FIN,SYN,RST,PSH,ACK,URG NONE"),
  flags("FIN,SYN,RST,PSH,ACK,URG FIN,PSH,URG"),
  flags("FIN,SYN,RST,PSH,ACK,URG FIN,SYN,PSH,URG"),
  flags("FIN,SYN,RST,PSH,ACK,URG FIN,SYN,RST,ACK,URG"),
]

const allIcmp: KuraRule = {
  text: "-p icmp -j DROP",
  owner: "works",
  does: "Drops all ICMP, on loopback too.",
  harms:
    "ping both ways, traceroute, the errors that end a useless wait, and path-MTU discovery: large answers over a narrow path stall",
}

/** Kura 5.6.1 and newer. */
const pings: KuraRule = {
  text: "-p icmp -m icmp --icmp-type 8 -m state --state NEW,RELATED,ESTABLISHED -j DROP",
  owner: "works",
  does: "Drops pings to this host and through it.",
  harms: "monitors that ping",
}

const laterFragments: KuraRule = {
  text: "-f -j DROP",
  owner: "nothing",
  does: "Can never match: connection tracking has put fragments together before. Kura's ipfrag_high_thresh=0 stops all fragments instead.",
}

function header(name: string, does: string, harms?: string): KuraRule {
  return {
    text: `-m ipv6header --header ${name} --soft -j DROP`,
    owner: "works",
    does,
    ...(harms !== undefined && { harms }),
  }
}

const headers: readonly KuraRule[] = [
  header("ipv6-opts", "Drops packets with destination options."),
  header(
    "hop-by-hop",
    "Drops packets with hop-by-hop options.",
    "multicast listener queries, and so IPv6 multicast",
  ),
  header("ipv6-route", "Drops packets with a routing header, mobile IPv6's too."),
  {
    ...header("ipv6-frag", "Can never match: connection tracking has put fragments together before."),
    owner: "nothing",
  },
  header("ah", "Drops IPsec's authentication header.", "IPsec"),
  header("esp", "Drops IPsec.", "IPsec"),
  header("ipv6-nonxt", "Drops packets with nothing behind their header."),
  {
    text: "-m rt --rt-type 0 -j DROP",
    owner: "nothing",
    does: "Can never match: every routing header is dropped three rules above.",
  },
]

const echoRequest6: KuraRule = {
  text: "-p ipv6-icmp -m icmp6 --icmpv6-type 128 -j DROP",
  owner: "works",
  does: "Drops pings to this host and through it.",
  harms: "monitors that ping",
}

const echoReply6: KuraRule = {
  text: "-p ipv6-icmp -m icmp6 --icmpv6-type 129 -j DROP",
  owner: "works",
  does: "Drops the answers to this host's own pings.",
  harms: "this host's own pings",
}

/** `all`: up to Kura 5.6.0; `echo-requests`: 5.6.1 and newer. */
export type IcmpForm = "all" | "echo-requests"

export function kuraRules(family: 4 | 6, form: IcmpForm): readonly KuraRule[] {
  if (family === 4) return [...common, form === "all" ? allIcmp : pings, laterFragments]
  return [...common, echoRequest6, ...(form === "all" ? [echoReply6] : []), ...headers]
}

/** What Kura loads into the table, as iptables-save prints it. Its filter and nat tables are another configuration's. */
export function kuraRulesText(family: 4 | 6, form: IcmpForm): string {
  const rules = kuraRules(family, form).map(({ text }) => `-A prerouting-kura ${text}`)
  const output =
    family === 6
      ? ["-A OUTPUT -j output-kura", "-A output-kura -m rt --rt-type 0 -j DROP", "-A output-kura -j RETURN"]
      : []
  return [
    "*mangle",
    ":PREROUTING ACCEPT [0:0]",
    ":OUTPUT ACCEPT [0:0]",
    ":prerouting-kura - [0:0]",
    ...(family === 6 ? [":output-kura - [0:0]"] : []),
    "-A PREROUTING -j prerouting-kura",
    ...output,
    ...rules,
    "-A prerouting-kura -j RETURN",
    "COMMIT",
    "",
  ].join("\n")
}
