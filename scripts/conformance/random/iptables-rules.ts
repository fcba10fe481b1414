import * as fc from "fast-check"
import { devices, networks, type Pools } from "./pools.js"

/** Random rules of iptables or ip6tables, as `iptables-restore` reads them. */
export interface IptablesOptions {
  readonly family: 4 | 6
  readonly pools: Pools
  /** Connections are counted: packets then come far apart. */
  readonly counting: boolean
}

type TableName = "raw" | "mangle" | "filter" | "security"
type ChainName = "PREROUTING" | "INPUT" | "FORWARD" | "OUTPUT" | "POSTROUTING"

const builtin: Readonly<Record<TableName, readonly ChainName[]>> = {
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
  security: ["INPUT", "FORWARD", "OUTPUT"],
}

/** Where a rule stands. */
interface Place extends IptablesOptions {
  readonly table: TableName
  /** The base chains from which packets may come here. */
  readonly chains: readonly ChainName[]
  readonly targets: readonly string[]
}

type Words = fc.Arbitrary<string>

const one = <const Value>(...values: readonly Value[]) => fc.constantFrom(...values)
const words = (...parts: readonly (string | Words)[]): Words =>
  fc
    .tuple(...parts.map((part) => (typeof part === "string" ? one(part) : part)))
    .map((some) => some.filter((each) => each !== "").join(" "))
/** `! ` now and then. */
const maybeNot: Words = one("", "", "", "!")

/** Save text of one to three tables. */
export function iptablesText(options: IptablesOptions): fc.Arbitrary<string> {
  return fc
    .shuffledSubarray(["raw", "mangle", "mangle", "filter", "filter", "security"] as const, {
      minLength: 2,
      maxLength: 4,
    })
    .map((some) => [...new Set(some)])
    .chain((tables) => fc.tuple(...tables.map((table) => tableText(table, options))))
    .map((texts) => texts.join(""))
}

function tableText(table: TableName, options: IptablesOptions): fc.Arbitrary<string> {
  return fc.integer({ min: 0, max: 2 }).chain((count) => {
    const names = Array.from({ length: count }, (_, index) => `own${index}`)
    const all = builtin[table]
    const own = names.map((name, index) =>
      rules(name, { ...options, table, chains: all, targets: names.slice(index + 1) }, 4),
    )
    const main = all.map((chain) => rules(chain, { ...options, table, chains: [chain], targets: names }, 5))
    const policies = fc.tuple(
      ...all.map(() =>
        fc.oneof({ arbitrary: one("ACCEPT"), weight: 11 }, { arbitrary: one("DROP"), weight: 1 }),
      ),
    )
    return fc
      .tuple(policies, fc.tuple(...own), fc.tuple(...main))
      .map(([verdicts, first, second]) =>
        [
          `*${table}`,
          ...all.map((chain, index) => `:${chain} ${verdicts[index]} [0:0]`),
          ...names.map((name) => `:${name} - [0:0]`),
          ...[...second, ...first].flat(),
          "COMMIT\n",
        ].join("\n"),
      )
  })
}

function rules(chain: string, place: Place, most: number): fc.Arbitrary<string[]> {
  return fc.array(
    rule(place).map((text) => `-A ${chain} ${text}`),
    { minLength: 0, maxLength: most },
  )
}

function rule(place: Place): Words {
  const protocol = one("tcp", "tcp", "tcp", "udp", "icmp", "", "")
  return protocol.chain((name) =>
    fc
      .tuple(
        fc.array(header(place), { maxLength: 1 }),
        name === "" ? one("") : one(`-p ${name === "icmp" && place.family === 6 ? "ipv6-icmp" : name}`),
        one(0, 1, 1, 1, 1, 2, 2, 3).chain((length) =>
          fc.array(match(name, place), { minLength: length, maxLength: length }),
        ),
        target(name, place),
      )
      .map(
        ([first, protocolWord, matches, end]) =>
          [...first, protocolWord, ...once(matches), end].filter((each) => each !== "").join(" ") ||
          // A rule of nothing counts everything, and has no step in which the engine could be seen to count.
          "-m comment --comment all",
      ),
  )
}

/** One of each extension: options of the same one would mix. */
function once(matches: readonly string[]): string[] {
  const seen = new Set<string>()
  return matches.filter((text) => {
    const name = /-m (\S+)/.exec(text)?.[1] ?? text
    const isNew = !seen.has(name)
    seen.add(name)
    return isNew
  })
}

function host({ pools, family }: IptablesOptions): Words {
  return one(...pools.outside[family], ...pools.inside[family], ...pools.firewall[family])
}

function network({ family }: IptablesOptions): Words {
  return one(...networks[family]).map(([address, length]) => `${address}/${length}`)
}

function header(place: Place): Words {
  const { chains, family } = place
  const address = fc.oneof(host(place), network(place))
  const device = one(...devices, "wan+", "lan+", "absent0")
  const choices: Words[] = [
    words(maybeNot, one("-s", "-d"), address),
    words(maybeNot, one("-s", "-d"), address),
  ]
  if (chains.every((chain) => chain !== "OUTPUT" && chain !== "POSTROUTING"))
    choices.push(words(maybeNot, "-i", device))
  if (chains.every((chain) => chain !== "PREROUTING" && chain !== "INPUT"))
    choices.push(words(maybeNot, "-o", device))
  if (family === 4) choices.push(one("-s 203.0.113.1/255.255.0.255", "-f", "! -f"))
  return fc.oneof(...choices)
}

const flagNames = one(
  "FIN",
  "SYN",
  "RST",
  "ACK",
  "FIN,ACK",
  "SYN,ACK",
  "PSH,ACK",
  "FIN,PSH,URG",
  "SYN,FIN",
  "NONE",
  "ALL",
)
const masks = one("FIN,SYN,RST,ACK", "SYN,FIN", "ALL", "ACK,PSH", "SYN,RST")

function match(protocol: string, place: Place): Words {
  const { family, pools, chains, counting } = place
  const port = one(...pools.ports).map(String)
  const ports = fc.oneof(
    port,
    port.map((each) => `${each}:${Number(each) + 100}`),
    one(":1023", "1024:"),
  )
  const list = fc
    .uniqueArray(
      fc.oneof(
        port,
        port.map((each) => `${each}:${Number(each) + 3}`),
      ),
      { minLength: 1, maxLength: 4 },
    )
    .map((some) => some.join(","))
  const choices: { arbitrary: Words; weight: number }[] = []
  const add = (weight: number, ...some: readonly Words[]) => {
    for (const arbitrary of some) choices.push({ arbitrary, weight })
  }
  if (protocol === "tcp" || protocol === "udp") {
    add(4, words(`-m ${protocol}`, maybeNot, one("--dport", "--sport"), ports))
    add(2, words("-m multiport", maybeNot, one("--dports", "--sports", "--ports"), list))
  }
  if (protocol === "tcp") {
    add(
      3,
      words("-m tcp", maybeNot, "--tcp-flags", masks, flagNames),
      words("-m tcp", maybeNot, one("--syn")),
    )
    add(1, words("-m tcp", maybeNot, "--tcp-option", one("2", "3", "4", "8")))
    add(1, words("-m tcpmss", maybeNot, "--mss", one("536:65535", "1460", "0:1000")))
  }
  if (protocol === "icmp")
    add(
      4,
      family === 4
        ? words("-m icmp", maybeNot, "--icmp-type", one("8", "0", "3", "3/1", "11", "any"))
        : words("-m icmp6", maybeNot, "--icmpv6-type", one("128", "129", "1", "1/3", "3")),
    )
  const state = fc
    .uniqueArray(one("NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"), { minLength: 1, maxLength: 3 })
    .map((some) => some.join(","))
  add(2, words("-m conntrack", maybeNot, "--ctstate", state), words("-m state", maybeNot, "--state", state))
  add(
    1,
    words("-m conntrack --ctdir", one("ORIGINAL", "REPLY")),
    words(
      "-m conntrack",
      maybeNot,
      "--ctstatus",
      one("ASSURED", "SEEN_REPLY", "CONFIRMED", "NONE", "ASSURED,SEEN_REPLY"),
    ),
    words("-m conntrack", maybeNot, "--ctproto", one("6", "17")),
    words(
      "-m conntrack",
      maybeNot,
      one("--ctorigsrc", "--ctorigdst", "--ctreplsrc", "--ctrepldst"),
      fc.oneof(host(place), network(place)),
    ),
    words(
      "-m conntrack --ctproto 6",
      one("--ctorigdstport", "--ctorigsrcport", "--ctreplsrcport"),
      ports.map((text) => text.replace(/^:/, "0:").replace(/:$/, ":65535")),
    ),
    words("-m limit --limit 1/hour --limit-burst", one("1", "3", "10", "40")),
    words(
      "-m hashlimit",
      one("--hashlimit-upto", "--hashlimit-above"),
      "1/hour --hashlimit-burst",
      one("1", "3", "10"),
      one(
        "",
        "--hashlimit-mode srcip",
        "--hashlimit-mode srcip,dstip",
        "--hashlimit-mode srcip,dstport",
        "--hashlimit-mode dstip,dstport",
      ),
      fc.integer({ min: 0, max: 0xffff }).map((number) => `--hashlimit-name h${number}`),
    ),
    words(
      "-m recent",
      one(
        "--set",
        "--rcheck",
        "--update",
        "--rcheck --seconds 60",
        "--update --seconds 60 --hitcount 4",
        "--rcheck --hitcount 2",
        "--update --hitcount 6 --rttl",
        "! --rcheck",
        "! --update --seconds 60",
        "--remove",
      ),
      one("--name a", "--name b", "--name b --rdest"),
    ),
    words("-m recent --set", one("--name a", "--name b", "--name b --rdest")),
    words("-m mark", maybeNot, "--mark", one("0", "1", "2/3", "0xff", "0/1")),
    words("-m connmark", maybeNot, "--mark", one("0", "1", "5/7")),
    words("-m length", maybeNot, "--length", one("40", "28:60", "100:65535", "0:39")),
    words("-m dscp", maybeNot, "--dscp", one("0", "8", "46")),
    words("-m tos", maybeNot, "--tos", one("0x20", "0xb8/0xfc", "0x02/0x03")),
    words("-m pkttype", maybeNot, "--pkt-type", one("unicast", "broadcast", "multicast")),
    words(
      "-m iprange",
      maybeNot,
      one("--src-range", "--dst-range"),
      family === 4
        ? one("203.0.113.1-203.0.113.9", "198.18.0.0-198.51.100.80")
        : one("2001:db8:9::1-2001:db8:9::ff"),
    ),
    words("-m statistic --mode nth --every", one("2", "3", "5"), "--packet", one("0", "1")),
    words("-m quota", maybeNot, "--quota", one("100", "1000", "5000")),
    words(
      "-m u32",
      maybeNot,
      "--u32",
      family === 4
        ? one(
            '"0&0xFFFF=0x28:0x100"',
            '"6&0xFF=6"',
            '"0>>22&0x3C@0>>16=22,80"',
            '"0>>22&0x3C@12>>26&0x3C@0=0"',
          )
        : one('"4>>8&0xFF=6"', '"40&0xFFFF=80"'),
    ),
    words(
      "-m string --algo",
      one("bm", "kmp"),
      maybeNot,
      "--hex-string",
      one('"|00000000|"', '"|0050|"', '"|000000000000000000000000|"'),
      one("", "--from 20 --to 60", "--to 40"),
    ),
    words(
      "-m connbytes --connbytes",
      one("2:", "0:3", "1:100"),
      "--connbytes-dir",
      one("original", "reply", "both"),
      "--connbytes-mode packets",
    ),
    words("-m comment --comment", one("hello", '"two words"')),
  )
  if (family === 4) add(1, words("-m ttl", one("--ttl-eq 64", "--ttl-lt 64", "--ttl-gt 5", "! --ttl-eq 63")))
  else
    add(
      1,
      words("-m hl", one("--hl-eq 64", "--hl-lt 64", "--hl-gt 5", "! --hl-eq 63")),
      words(
        "-m ipv6header",
        maybeNot,
        "--header",
        one("dst", "hop", "route", "frag", "auth", "none"),
        one("", "--soft"),
      ),
      words("-m rt", maybeNot, "--rt-type", one("0", "2", "4")),
      words("-m dst --dst-len", one("8", "16")),
      words("-m ah --ahspi", one("0", "1:100")),
    )
  if (chains.every((chain) => chain === "PREROUTING" || chain === "INPUT" || chain === "FORWARD"))
    add(1, words("-m mac", maybeNot, "--mac-source", one("02:00:00:00:00:01", "02:00:00:00:00:02")))
  if (family === 4 || chains.every((chain) => chain !== "PREROUTING"))
    add(
      1,
      words(
        "-m addrtype",
        maybeNot,
        one("--src-type", "--dst-type"),
        family === 4
          ? one("LOCAL", "UNICAST", "MULTICAST", "BROADCAST")
          : one("LOCAL", "UNICAST", "MULTICAST"),
      ),
    )
  if (protocol === "tcp")
    add(
      1,
      words("-m ecn", maybeNot, one("--ecn-tcp-cwr", "--ecn-tcp-ece", "--ecn-ip-ect 0", "--ecn-ip-ect 1")),
    )
  if (counting && protocol === "tcp")
    add(
      8,
      words(
        "-m connlimit",
        one("--connlimit-above 1", "--connlimit-above 2", "--connlimit-upto 2"),
        one("", `--connlimit-mask ${family === 4 ? 24 : 64}`),
        one("", "--connlimit-daddr"),
      ),
    )
  return fc.oneof(...choices)
}

function target(protocol: string, { table, family, targets, chains }: Place): Words {
  const choices: { arbitrary: Words; weight: number }[] = [
    { arbitrary: one("-j DROP"), weight: 4 },
    { arbitrary: one("-j ACCEPT"), weight: 3 },
    { arbitrary: one("-j RETURN"), weight: 1 },
    { arbitrary: one(""), weight: 4 },
    { arbitrary: words("-j", one('LOG --log-prefix "random "', "NFLOG --nflog-group 9")), weight: 1 },
  ]
  const add = (weight: number, arbitrary: Words) => choices.push({ arbitrary, weight })
  if (targets.length > 0) {
    add(
      4,
      one(...targets).map((name) => `-j ${name}`),
    )
    add(
      1,
      one(...targets).map((name) => `-g ${name}`),
    )
  }
  // An answer to the firewall's own answer is nobody's rule.
  if (table === "filter" && !chains.includes("OUTPUT")) {
    add(
      1,
      words(
        "-j REJECT --reject-with",
        family === 4
          ? one("icmp-port-unreachable", "icmp-host-prohibited", "icmp-net-unreachable")
          : one("icmp6-port-unreachable", "icmp6-adm-prohibited", "icmp6-no-route"),
      ),
    )
    if (protocol === "tcp") add(1, one("-j REJECT --reject-with tcp-reset"))
  }
  if (table === "raw") add(1, one("-j CT --notrack"))
  if (table === "mangle") {
    add(
      2,
      words(
        "-j MARK",
        one("--set-xmark 0x1/0xffffffff", "--set-mark 2", "--or-mark 4", "--and-mark 1", "--xor-mark 3"),
      ),
    )
    add(1, words("-j CONNMARK", one("--set-mark 1", "--save-mark", "--restore-mark", "--set-xmark 0x5/0x7")))
  }
  return fc.oneof(...choices)
}
