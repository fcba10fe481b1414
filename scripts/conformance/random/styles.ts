import type { Chance } from "./chance.js"

/**
 * Rules in the styles that people write, with the numbers that their tools let them choose: what the tools emit, to the letter of their order. Save text for iptables (4)
 * or ip6tables (6), or null where the tool has none for the version.
 */
export interface Style {
  readonly name: string
  readonly text: (chance: Chance, family: 4 | 6) => string | null
}

const table = (name: string, chains: string, rules: readonly string[]) =>
  `*${name}\n${chains}\n${rules.join("\n")}\nCOMMIT\n`

const mangleChains =
  ":PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]"
const filterChains = (policy = "ACCEPT") =>
  `:INPUT ${policy} [0:0]\n:FORWARD ${policy} [0:0]\n:OUTPUT ACCEPT [0:0]`

const ALL = "FIN,SYN,RST,PSH,ACK,URG"

/** The flag combinations that Kura and CSF drop: mask and what of it is set. */
const badFlags: readonly (readonly [string, string])[] = [
  ["FIN,SYN", "FIN,SYN"],
  ["SYN,RST", "SYN,RST"],
  ["FIN,RST", "FIN,RST"],
  ["FIN,ACK", "FIN"],
  ["ACK,URG", "URG"],
  ["ACK,FIN", "FIN"],
  ["ACK,PSH", "PSH"],
  [ALL, ALL],
  [ALL, "NONE"],
  [ALL, "FIN,PSH,URG"],
  [ALL, "FIN,SYN,PSH,URG"],
  [ALL, "FIN,SYN,RST,ACK,URG"],
]

/** Eclipse Kura's flooding protection: the rules up to 5.6.0, or those since 5.6.1. */
function kura(chance: Chance, family: 4 | 6): string {
  const isNew = chance.once(2)
  const own = "prerouting-kura"
  const rules = [
    `-A PREROUTING -j ${own}`,
    `-A ${own} -m conntrack --ctstate INVALID -j DROP`,
    `-A ${own} -p tcp ! --syn -m conntrack --ctstate NEW -j DROP`,
    `-A ${own} -p tcp -m conntrack --ctstate NEW -m tcpmss ! --mss 536:65535 -j DROP`,
    ...badFlags.map(([mask, flags]) => `-A ${own} -p tcp --tcp-flags ${mask} ${flags} -j DROP`),
  ]
  if (family === 4)
    rules.push(
      isNew
        ? `-A ${own} -p icmp -m icmp --icmp-type 8 -m state --state NEW,RELATED,ESTABLISHED -j DROP`
        : `-A ${own} -p icmp -j DROP`,
      `-A ${own} -f -j DROP`,
    )
  else {
    rules.push(`-A ${own} -p ipv6-icmp -m icmp6 --icmpv6-type 128 -j DROP`)
    if (!isNew) rules.push(`-A ${own} -p ipv6-icmp -m icmp6 --icmpv6-type 129 -j DROP`)
    for (const header of ["dst", "hop", "route", "frag", "auth", "esp", "none"])
      rules.push(`-A ${own} -m ipv6header --header ${header} --soft -j DROP`)
    rules.push(
      `-A ${own} -m rt --rt-type 0 -j DROP`,
      "-A OUTPUT -j output-kura",
      "-A output-kura -m rt --rt-type 0 -j DROP",
    )
  }
  rules.push(`-A ${own} -j RETURN`)
  return table(
    "mangle",
    `${mangleChains}\n:${own} - [0:0]${family === 6 ? "\n:output-kura - [0:0]" : ""}`,
    rules,
  )
}

const logLimit = "-m limit --limit 30/min --limit-burst 5"

/** CSF: PORTFLOOD, CONNLIMIT, SYNFLOOD, PACKET_FILTER, ICMP_IN_RATE, open ports, a log before the drop. */
function csf(chance: Chance, family: 4 | 6): string {
  const input = "-A INPUT ! -i lo"
  const chains = [
    ":SYNFLOOD - [0:0]",
    ":PORTFLOOD - [0:0]",
    ":CONNLIMIT - [0:0]",
    ":INVALID - [0:0]",
    ":INVDROP - [0:0]",
    ":LOGDROPIN - [0:0]",
  ]
  const flood = chance.of([22, 80, 443])
  const hits = chance.of([2, 3, 5, 20])
  const echo = family === 4 ? "-p icmp -m icmp --icmp-type 8" : "-p ipv6-icmp -m icmp6 --icmpv6-type 128"
  const rules = [
    "-A INPUT -i lo -j ACCEPT",
    `${input} -p tcp --syn -j SYNFLOOD`,
    `-A SYNFLOOD -m limit --limit 1/hour --limit-burst ${chance.of([3, 10, 50])} -j RETURN`,
    `-A SYNFLOOD ${logLimit} -j LOG --log-prefix "Firewall: *SYNFLOOD Blocked* "`,
    "-A SYNFLOOD -j DROP",
    `${input} -p tcp -j INVALID`,
    "-A INVALID -m conntrack --ctstate INVALID -j INVDROP",
    ...badFlags
      .slice(0, 10)
      .map(([mask, flags]) => `-A INVALID -p tcp --tcp-flags ${mask} ${flags} -j INVDROP`),
    "-A INVALID -p tcp ! --syn -m conntrack --ctstate NEW -j INVDROP",
    "-A INVDROP -j DROP",
    `${input} -p tcp --dport ${flood} -m conntrack --ctstate NEW -m recent --set --name ${flood}`,
    `${input} -p tcp --dport ${flood} -m conntrack --ctstate NEW -m recent --update --seconds 300 --hitcount ${hits} --name ${flood} -j PORTFLOOD`,
    `${input} -p udp --dport 53 -m conntrack --ctstate NEW -m recent --set --name 53`,
    `${input} -p udp --dport 53 -m conntrack --ctstate NEW -m recent --update --seconds 60 --hitcount ${hits} --name 53 -j PORTFLOOD`,
    `-A PORTFLOOD ${logLimit} -j LOG --log-prefix "Firewall: *Port Flood* "`,
    "-A PORTFLOOD -j DROP",
    `${input} -p tcp --syn --dport 80 -m connlimit --connlimit-above ${chance.of([1, 3, 20])} -j CONNLIMIT`,
    "-A CONNLIMIT -p tcp -j REJECT --reject-with tcp-reset",
    `${input} ${echo} -m limit --limit 1/hour -j ACCEPT`,
    `${input} ${echo} -j LOGDROPIN`,
    "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    ...chance
      .of([[22, 80, 443], [22], [80, 8080, 1000]])
      .map((port) => `${input} -p tcp -m conntrack --ctstate NEW --dport ${port} -j ACCEPT`),
    `${input} -p udp -m conntrack --ctstate NEW --dport 53 -j ACCEPT`,
    "-A INPUT ! -i lo -j LOGDROPIN",
    ...[23, 67, 3389].flatMap((port) =>
      ["tcp", "udp"].map((protocol) => `-A LOGDROPIN -p ${protocol} --dport ${port} -j DROP`),
    ),
    `-A LOGDROPIN -p tcp ${logLimit} -j LOG --log-prefix "Firewall: *TCP_IN Blocked* "`,
    "-A LOGDROPIN -j DROP",
  ]
  // The same protections for what goes through: a gateway's owner moves them to FORWARD.
  const text = table("filter", [filterChains("DROP"), ...chains].join("\n"), rules)
  return chance.once(2)
    ? text
        .replaceAll("-A INPUT", "-A FORWARD")
        .replace("-A FORWARD -i lo -j ACCEPT", "-A FORWARD -i absent0 -j ACCEPT")
    : text
}

/** What FireHOL's `protection` writes for an interface or a router: one chain for each protection, a limited log, a drop. */
function firehol(chance: Chance, family: 4 | 6): string {
  const [chain, into] = chance.of([
    ["in_wan", "-A INPUT -i wan0"],
    ["in_r1", "-A FORWARD -i wan0"],
  ] as const)
  const log = (text: string) =>
    `-m limit --limit 1/second --limit-burst 5 -j LOG --log-level warning --log-prefix "BLOCKED ${text}:"`
  const all: readonly (readonly [name: string, ask: string])[] = [
    ["nsn", "-p tcp -m conntrack --ctstate NEW ! --syn"],
    ["synflood", "-p tcp --syn"],
    [
      "icmpflood",
      family === 4 ? "-p icmp --icmp-type echo-request" : "-p ipv6-icmp --icmpv6-type echo-request",
    ],
    ["allflood", "-m conntrack --ctstate NEW"],
    ["null", `-p tcp --tcp-flags ${ALL} NONE`],
    ["xmas", `-p tcp --tcp-flags ${ALL} ${ALL}`],
    ["bad", "-p tcp --tcp-flags SYN,FIN SYN,FIN"],
    ["bad2", "-p tcp --tcp-flags SYN,RST SYN,RST"],
  ]
  const chosen = all.filter(() => !chance.once(3))
  const rules = [`${into} -j ${chain}`]
  const chains: string[] = [`:${chain} - [0:0]`]
  for (const [name, ask] of chosen) {
    const own = `pr_${name}`
    chains.push(`:${own} - [0:0]`)
    rules.push(`-A ${chain} ${ask} -j ${own}`)
    if (name.endsWith("flood"))
      rules.push(`-A ${own} -m limit --limit 1/hour --limit-burst ${chance.of([2, 10, 50])} -j RETURN`)
    rules.push(`-A ${own} ${log(name)}`, `-A ${own} -j DROP`)
  }
  rules.push(
    `-A ${chain} -m conntrack --ctstate INVALID -j DROP`,
    `-A ${chain} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT`,
    `-A ${chain} -p tcp -m tcp --sport 1024:65535 --dport ${chance.of([22, 80])} -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT`,
    `-A ${chain} ${log("IN-unknown")}`,
    `-A ${chain} -j DROP`,
  )
  return table("filter", [filterChains(), ...chains].join("\n"), rules)
}

/** The answers that students of a laboratory on stateful firewalls give, good ones and bad ones. */
function laboratory(chance: Chance, family: 4 | 6): string {
  const web = family === 4 ? "198.51.100.80" : "2001:db8:2::80"
  const answers: readonly (readonly string[])[] = [
    [`-A FORWARD -d ${web} -j DROP`],
    ["-A FORWARD -p tcp --sport 1000 --dport 22 -j DROP"],
    ["-A FORWARD -p tcp --sport 80 --dport 80 -j ACCEPT", "-A FORWARD -j DROP"],
    [`-A FORWARD -p tcp -s ${web} --tcp-flags ALL SYN -j DROP`],
    [`-A FORWARD -p tcp -s ${web} --tcp-flags ALL SYN,ACK -j DROP`],
    ['-A FORWARD -m string --hex-string "|00000000|" --algo bm -j DROP'],
    ["-A FORWARD -m state --state INVALID -j DROP"],
    [
      "-A FORWARD -p tcp -m state --state NEW -m recent --update --seconds 60 --hitcount 5 -j DROP",
      "-A FORWARD -p tcp -m state --state NEW -m recent --set -j ACCEPT",
    ],
    [`-A FORWARD -s ${web} -m conntrack --ctstate NEW,INVALID -j DROP`],
    ["-A FORWARD -i lan0 -m conntrack ! --ctstate ESTABLISHED,RELATED -j DROP"],
    [
      "-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT",
      `-A FORWARD -i wan0 -d ${web} -p tcp --syn --dport 80 -m conntrack --ctstate NEW -j ACCEPT`,
      "-A FORWARD -j DROP",
    ],
    [
      "-A FORWARD -i wan0 -p tcp --dport 80 -j ACCEPT",
      "-A FORWARD -i lan0 -p tcp --sport 80 ! --syn -j ACCEPT",
      "-A FORWARD -j DROP",
    ],
    ["-A FORWARD -m limit --limit 1/hour --limit-burst 5 -j ACCEPT", "-A FORWARD -p udp -j DROP"],
    ["-A FORWARD -p udp -m statistic --mode nth --every 3 --packet 0 -j DROP"],
  ]
  const some = answers.filter(() => chance.once(4))
  return table("filter", filterChains(), (some.length > 0 ? some : [chance.of(answers)]).flat())
}

export const styles: readonly Style[] = [
  { name: "Kura", text: kura },
  { name: "CSF", text: csf },
  { name: "FireHOL", text: firehol },
  { name: "laboratory", text: laboratory },
]
