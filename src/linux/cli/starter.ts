import { type PortRange, serviceName, type TransportName } from "../../core/base/ports.js"
import { services } from "../../core/base/services.js"

/** What `init` found on this host. */
export interface Survey {
  readonly hostName: string
  /** Devices of the default routes. */
  readonly defaultInterfaces: readonly string[]
  /** More than one: answers may take another way in. */
  readonly defaultRoutes: number
  readonly listeners: readonly Listener[]
  readonly resolvers: readonly string[]
  /** Where administrators are connected from. */
  readonly administrators: readonly string[]
  /** Where the policy's JSON Schema is, for editors. */
  readonly schema?: string | undefined
}

export interface Listener {
  readonly protocol: TransportName
  readonly range: PortRange
  /** `sshd`, or `published by a container`; undefined: not to be seen. */
  readonly by?: string
}

export interface StarterChoice {
  /** Empty: `auto`. */
  readonly interfaces: readonly string[]
  readonly preset: string
}

/** A commented policy for this host: it protects as the preset does and closes nothing; what would close something is there as a comment. */
export function starterPolicy(survey: Survey, choice: StarterChoice): string {
  const { administrators, resolvers, listeners } = survey
  const lines = [
    ...(survey.schema === undefined ? [] : [`# yaml-language-server: $schema=${survey.schema}`]),
    `# Floodwall's policy for ${survey.hostName}. Try it before it counts:`,
    "#   floodwall check                   every mistake at once",
    "#   floodwall replay traffic.pcap     what it would do to a capture of your traffic",
    "#   floodwall apply                   to the kernel; undone by itself unless you confirm",
    "version: 1",
    "",
    ...interfaceLines(survey, choice),
    "",
  ]
  if (administrators.length > 0 || resolvers.length > 0) {
    lines.push("# Names for addresses, used below.", "addresses:")
    if (administrators.length > 0) {
      lines.push("  # Where administrators are connected from at this moment.")
      lines.push(`  administrators: ${flow(administrators)}`)
    }
    if (resolvers.length > 0) {
      lines.push("  # The name servers that this host asks.")
      lines.push(`  resolvers: ${flow(resolvers)}`)
    }
    lines.push("")
    const names = [administrators.length > 0 && "administrators", resolvers.length > 0 && "resolvers"]
    lines.push("# Limited like others, but never kept out.")
    lines.push(`never-block: [${names.filter(Boolean).join(", ")}]`, "")
  }
  lines.push("# Packets that arrive there, for this host or through it.", "protect:", "  wan:")
  lines.push(...presetLines(choice.preset))
  lines.push("", ...openLines(listeners))
  lines.push(
    "",
    "    # More than 5 new connections to ssh in five minutes, and the source is kept out for ten:",
    "    # port-floods: { ssh: { limit: more than 5 in 300s, block-for: 10m } }",
    "",
    "    # A host that may do more than others:",
    "    # syn-floods: { limit: 200/second burst 1000, for: { 192.0.2.50: off } }",
  )
  return `${lines.join("\n")}\n`
}

function interfaceLines(survey: Survey, choice: StarterChoice): string[] {
  if (choice.interfaces.length > 0) {
    const [only, ...others] = choice.interfaces
    const value = others.length === 0 ? quoted(only ?? "") : `[${choice.interfaces.map(quoted).join(", ")}]`
    return ["# Where attackers are. What is not named is not touched.", `interfaces: { wan: ${value} }`]
  }
  const found = survey.defaultInterfaces
  const now =
    found.length === 0 ? "none is there at this moment, so name one" : `${found.join(" and ")} at this moment`
  const lines = [
    `# Where attackers are. auto: the device of the default route (${now}).`,
    "# What is not named is not touched.",
  ]
  if (survey.defaultRoutes > 1) {
    lines.push(
      "# There is more than one default route: packets that seem to belong to no connection are only counted.",
    )
  }
  return [...lines, "interfaces: { wan: auto }"]
}

function presetLines(preset: string): string[] {
  const words: Readonly<Record<string, string>> = {
    default: "harms nobody honest.",
    strong: "drops every fragment too, DNSSEC's and IKE's included.",
    watch: "drops nothing: it counts and tells what the default would drop.",
    "kura-flooding-protection": "Eclipse Kura's rules to the letter: stops ping and path-MTU discovery.",
  }
  const others = Object.keys(words).filter((name) => name !== preset)
  return [`    # ${preset}: ${words[preset] ?? ""} Others: ${others.join(", ")}.`, `    preset: ${preset}`]
}

function openLines(listeners: readonly Listener[]): string[] {
  if (listeners.length === 0) {
    return [
      "    # Only these accept new inbound connections; left out, nothing is closed. Nothing listens here now.",
      "    # open: [ssh]",
    ]
  }
  const names = listeners.map((listener) => ({ ...listener, name: portName(listener) }))
  const widest = Math.max(...names.map(({ name }) => name.length))
  return [
    "    # Only these accept new inbound connections; left out, nothing is closed. What listens now, to the outside too:",
    ...names.map(({ name, by }) => `    #   ${by ? `${name.padEnd(widest)}  ${by}` : name}`),
    `    # open: [${[...new Set(names.map(({ name }) => name))].join(", ")}]`,
  ]
}

/** Well-known services by name, as people write them; what a name would leave open (domain: tcp or udp?) and all else by number. */
function portName({ protocol, range: { from, to } }: Listener): string {
  if (from !== to) return `${from}-${to}/${protocol}`
  const name = from < 1024 ? serviceName(from, protocol) : undefined
  return name !== undefined && services.get(name)?.protocols.length === 1 ? name : `${from}/${protocol}`
}

function flow(addresses: readonly string[]): string {
  return `[${addresses.map(quoted).join(", ")}]`
}

/** YAML takes an IPv6 address in a flow list for a map, and `*` and digits for more than text. */
function quoted(text: string): string {
  return /^[A-Za-z][\w.-]*$|^\d+\.\d+\.\d+\.\d+$/.test(text) ? text : `"${text}"`
}
