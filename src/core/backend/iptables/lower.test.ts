import { expect, test } from "vitest"
import { readNft } from "../nft/read/read.js"
import { renderIptables } from "./render.js"

/** What a rule of nft is in iptables' words: the rules behind the built-in chain's head, without comments. */
function lowered(rule: string, options: Options = {}): { rules: string[]; sets: string[]; said: string[] } {
  const { family = 4, base = "type filter hook prerouting priority -150", sets = "", more = "" } = options
  const text = `table inet t {\n${sets}\nchain c { ${base}; policy accept; ${rule}; }\n${more}\n}\n`
  const read = readNft({ path: "t.nft", text })
  expect(read.diagnostics).toEqual([])
  const { text: printed, ipsets, diagnostics } = renderIptables(read.ruleset, family)
  return {
    rules: printed
      .split("\n")
      .filter((line) => line.startsWith("-A "))
      .map((line) => line.replace(/ -m comment --comment "[^"]*"| -m comment --comment \S+/, "")),
    sets: ipsets.split("\n").filter((line) => line !== ""),
    said: diagnostics.map(({ severity, message }) => `${severity}: ${message}`),
  }
}

interface Options {
  readonly family?: 4 | 6
  readonly base?: string
  readonly sets?: string
  readonly more?: string
}

const P = "-A PREROUTING"

test.each<readonly [rule: string, wanted: readonly string[]]>([
  ["tcp dport 22 drop", [`${P} -p tcp -m tcp --dport 22 -j DROP`]],
  ["tcp dport { 22, 80-81 } drop", [`${P} -p tcp -m multiport --dports 22,80:81 -j DROP`]],
  ["tcp dport != 22 drop", [`${P} -p tcp -m multiport --dports 0:21,23:65535 -j DROP`]],
  ["tcp dport < 1024 drop", [`${P} -p tcp -m tcp --dport 0:1023 -j DROP`]],
  [
    "ip saddr 192.0.2.0/24 ip daddr != 198.51.100.1 drop",
    [`${P} -s 192.0.2.0/24 ! -d 198.51.100.1/32 -j DROP`],
  ],
  ["ip6 saddr 2001:db8::/32 drop", []],
  ['meta nfproto ipv4 iifname "eth*" drop', [`${P} -i eth+ -j DROP`]],
  ["iif lo accept", [`${P} -i lo -j ACCEPT`]],
  ["iif != lo drop", [`${P} ! -i lo -j DROP`]],
  ["ct status dnat accept", [`${P} -m conntrack --ctstate DNAT -j ACCEPT`]],
  ["ct status snat,dnat accept", [`${P} -m conntrack --ctstate SNAT,DNAT -j ACCEPT`]],
  ['log prefix "in: "', [`${P} -j LOG --log-prefix "in: "`]],
  [
    'log prefix "x" level debug flags tcp sequence,options flags skuid flags ether drop',
    [
      `${P} -j LOG --log-prefix x --log-level 7 --log-tcp-sequence --log-tcp-options --log-uid --log-macdecode`,
      `${P} -j DROP`,
    ],
  ],
  ['iifname { "eth0", "ppp0" } drop', [`${P} -i eth0 -j DROP`, `${P} -i ppp0 -j DROP`]],
  ["tcp flags & (fin|syn) == fin|syn drop", [`${P} -p tcp -m tcp --tcp-flags FIN,SYN FIN,SYN -j DROP`]],
  ["ct state invalid,new drop", [`${P} -m conntrack --ctstate INVALID,NEW -j DROP`]],
  ["ip ttl < 5 drop", [`${P} -m ttl --ttl-lt 5 -j DROP`]],
  ["ip id 7 drop", [`${P} -m u32 --u32 "0x2&0xffff=0x7" -j DROP`]],
  [
    "icmp type { echo-request, timestamp-request } drop",
    [`${P} -p icmp -m icmp --icmp-type 8 -j DROP`, `${P} -p icmp -m icmp --icmp-type 13 -j DROP`],
  ],
  [
    "meta l4proto . th dport { tcp . 22, udp . 53 } drop",
    [`${P} -p tcp -m multiport --dports 22 -j DROP`, `${P} -p udp -m multiport --dports 53 -j DROP`],
  ],
  ["meta mark set 0x5 accept", [`${P} -j MARK --set-xmark 0x5/0xffffffff`, `${P} -j ACCEPT`]],
  [
    "limit rate over 10/second burst 5 packets drop",
    [`${P} -j PREROUTING+1`, `${P}+1 -m limit --limit 10/sec -j RETURN`, `${P}+1 -j DROP`],
  ],
  ["numgen inc mod 8 0 drop", [`${P} -m statistic --mode nth --every 8 --packet 0 -j DROP`]],
])("%s", (rule, wanted) => {
  const { rules, said } = lowered(rule)
  expect(said).toEqual([])
  expect(rules).toEqual(wanted)
})

test.each<readonly [rule: string, said: string]>([
  [
    "ip saddr . tcp dport @pairs drop",
    "error: set pairs holds ipv4_addr . inet_service, and only addresses become an ipset",
  ],
  ["dccp option 3 exists drop", "error: iptables has no words for dccp-option expressions"],
  ["ip saddr > 192.0.2.1 drop", "error: iptables knows no order of addresses"],
])("%s is told, and left out whole", (rule, wanted) => {
  const sets = "set pairs { type ipv4_addr . inet_service; elements = { 192.0.2.1 . 22 }; }"
  const { rules, said } = lowered(rule, { sets })
  expect(said).toEqual([wanted])
  expect(rules).toEqual([])
})

test("limits for each source are hashlimits of those that an ipset has room for", () => {
  const sets = "set s { type ipv4_addr; size 100; flags dynamic,timeout; timeout 30s; }"
  const rule = "tcp flags syn update @s { ip saddr limit rate over 20/second burst 9 packets } drop"
  expect(lowered(rule, { sets })).toEqual({
    rules: [
      `${P} -p tcp -m tcp ! --tcp-flags SYN NONE -j PREROUTING+1`,
      `${P}+1 -j SET --add-set s src --exist`,
      `${P}+1 -m set --match-set s src -m hashlimit --hashlimit-above 20/sec --hashlimit-burst 9 --hashlimit-mode srcip --hashlimit-name s-20-sec-791yw6 --hashlimit-htable-max 100 --hashlimit-htable-expire 30000 -j DROP`,
    ],
    sets: ["create s hash:ip family inet maxelem 100 timeout 30"],
    said: [],
  })
})

test("a limit that no token comes back to is a count that the ipset keeps", () => {
  const sets = "set s { type ipv4_addr; size 100; flags dynamic,timeout; timeout 5m; }"
  const rule = "ip saddr != @s accept; add @s { ip saddr limit rate over 1/week burst 5 packets } drop"
  expect(lowered(rule, { sets })).toEqual({
    rules: [
      `${P} -m set ! --match-set s src ! --update-counters -j ACCEPT`,
      `${P} -j SET --add-set s src`,
      `${P} -m set --match-set s src --packets-gt 6 -j DROP`,
    ],
    sets: ["create s hash:ip family inet maxelem 100 timeout 300 counters"],
    said: [],
  })
})
