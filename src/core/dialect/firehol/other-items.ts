import { didYouMean, nearest } from "../../base/nearest.js"
import { type Context, refuse } from "./context.js"
import { Item } from "./item.js"
import type { LooseLine } from "./model.js"

/** FireHOL's words that change packets, mark them or prepare something, and drop nothing. */
const notOurs: ReadonlyMap<string, string> = new Map([
  ...[
    "masquerade",
    "snat",
    "dnat",
    "nat",
    "redirect",
    "transparent_squid",
    "transparent_proxy",
    "tproxy",
  ].map((word) => [word, "Translates addresses; the policy leaves NAT to others."] as const),
  ...[
    "tos",
    "tosfix",
    "mark",
    "connmark",
    "custommark",
    "classify",
    "dscp",
    "tcpmss",
    "ecn_shame",
    "markdef",
    "marksreset",
  ].map((word) => [word, "Changes or marks packets, and drops none."] as const),
  ...[
    "action",
    "cthelper",
    "connlog",
    "accounting",
    "nfacct",
    "postprocess",
    "ipuntrap",
    "proxy",
    "link_balancer",
    "settrap",
    "ipset_apply",
  ].map((word) => [word, "Prepares something for other lines, and drops nothing itself."] as const),
])

const shell = new Set(
  "[ [[ : alias break cat cd continue cut date dig echo eval exec exit false getent grep head host hostname ip ifconfig kill let logger logout ls mkdir modprobe nslookup printf pwd read return rm route sed set shift shopt sleep sort sysctl tail test touch tr trap true type ulimit umask unset wait which".split(
    " ",
  ),
)

export function isShellCommand(verb: string): boolean {
  return shell.has(verb) || verb.includes("/")
}

const protecting = ["protection", "blacklist", "iptrap", "synproxy", "mac", "interface", "router"]
const words = [
  ...protecting,
  "server",
  "client",
  "route",
  "policy",
  "group",
  "version",
  "ipset",
  "ipv4",
  "ipv6",
  "both",
  ...notOurs.keys(),
]

/** Lines that are neither protections nor services. */
export function translateOther(line: LooseLine, context: Context): Item {
  const { verb, command } = line
  const mine = notOurs.get(verb)
  if (mine !== undefined)
    return new Item(command, "works", mine, false).differs("not-ours", "It is no protection.")
  switch (verb) {
    case "version":
      return version(line, context)
    case "ipset":
      return new Item(command, "works", "Makes or fills a set of addresses for other lines.", false)
    case "mac": {
      const item = new Item(
        command,
        "works",
        "Drops packets of the address that do not have its hardware address.",
        true,
      )
      item.tell("import-not-carried", "the policy has no words for hardware addresses")
      return item.differs("lost", "Who takes another's address is not found by this policy.")
    }
    case "iptables":
    case "ip6tables":
      return rawRule(line)
    case "source":
    case ".": {
      const item = new Item(command, "works", "Reads another file.", true)
      item.tell("firehol-not-static", `${line.words[0] ?? "a file"} cannot be read here`)
      return item.differs("lost", "What stands in it is not in the policy.")
    }
    default:
      return unknown(line, context)
  }
}

function version({ command, words: [word = ""] }: LooseLine, context: Context): Item {
  const item = new Item(command, "works", "Says which release the file is for.", false)
  if (word === "5") item.owned("works", "5: IPv6 is switched off, and what runs over it is not filtered.")
  if (!/^[56]$/.test(word)) {
    item.tell("firehol-bad-argument", `"${word}" is not a version of FireHOL's configuration`, "version 6")
    refuse(item, context, "FireHOL does not read this version.")
  }
  return item
}

/** Targets that end a packet, or send it to somebody who may. */
const passes =
  /^(?:ACCEPT|RETURN|LOG|NFLOG|ULOG|MARK|CONNMARK|TOS|DSCP|TTL|TCPMSS|CLASSIFY|CT|NOTRACK|MASQUERADE|[SD]NAT|REDIRECT)$/

function rawRule({ command, words: parts, verb }: LooseLine): Item {
  const after = (...names: readonly string[]) => parts[parts.findIndex((word) => names.includes(word)) + 1]
  const has = (...names: readonly string[]) => names.some((name) => parts.includes(name))
  const target = has("-j", "--jump", "-g", "--goto") ? after("-j", "--jump", "-g", "--goto")! : ""
  const chain = after("-A", "--append", "-I", "--insert") ?? ""
  const isFilter = !has("-t", "--table") || after("-t", "--table") === "filter"
  if (has("-N", "--new-chain", "--new", "-E") || (!isFilter && passes.test(target)))
    return new Item(command, "works", `A rule of ${verb}, as it stands.`, false).differs(
      "not-ours",
      "It drops nothing.",
    )
  if (passes.test(target) || (target === "" && has("-A", "-I", "--append", "--insert"))) {
    const item = new Item(command, "works", `A rule of ${verb}, as it stands: it drops nothing.`, false)
    if (target !== "ACCEPT") return item.differs("not-ours", "It drops nothing.")
    if (chain === "OUTPUT") return item.differs("not-ours", "The policy closes nothing that leaves.")
    if (/ESTABLISHED/i.test(parts.join(" ")) && !/NEW/i.test(parts.join(" ")))
      return item.differs("same", "Answers to connections always pass.")
    item.tell(
      "import-not-carried",
      `what a rule of ${verb} lets in is not carried over`,
      "floodwall import iptables reads such rules",
    )
    return item.differs("stricter", "What it lets in is open only where another line opens it.")
  }
  const item = new Item(command, "works", `A rule of ${verb}, as it stands.`, true)
  item.tell(
    "import-not-carried",
    `a rule of ${verb} is not carried over`,
    "floodwall import iptables reads such rules",
  )
  return item.differs("lost", "The rule is not in the policy.")
}

function unknown({ verb, command, misplaced }: LooseLine, context: Context): Item {
  if (misplaced !== undefined) {
    const item = new Item(command, "refused", "", protecting.includes(verb))
    item.tell("firehol-outside", misplaced)
    refuse(item, context, "The line stands outside of an interface or router.")
    return item.differs(
      item.protects && !context.exact ? "lost" : "same",
      "For what it is meant is not guessed.",
    )
  }
  const near = isShellCommand(verb) ? undefined : nearest(verb, words)
  if (near === undefined) {
    return new Item(command, "works", "A command of the shell, which FireHOL runs.", false).differs(
      "not-ours",
      "Nothing of a configuration is run here.",
    )
  }
  const isProtecting = protecting.includes(near)
  const item = new Item(
    command,
    "nothing",
    `"${verb}" is no command: bash says so, and FireHOL goes on without the line.`,
    isProtecting,
  )
  item.tell("firehol-unknown-command", `"${verb}" is none of FireHOL's words`, didYouMean(verb, words))
  if (isProtecting)
    return item.differs(
      "lost",
      `If ${near} is meant, the protection was never there; the line is not guessed.`,
    )
  return item
}
