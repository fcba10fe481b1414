import type { Span } from "../../base/diagnostic.js"
import { isProblem } from "../../base/diagnostic.js"
import { contains, type Prefix, printPrefix } from "../../base/prefix.js"
import type { DialectFile, ImportOptions } from "../imported.js"
import { isAdvanced, readAdvancedFilter, readNetwork } from "./advanced-filter.js"
import {
  type Findings,
  type ListedRule,
  type Mistake,
  type Place,
  path,
  type Told,
  zone,
} from "./findings.js"

/** What a file of csf's holds, by the name that csf gives it. */
export type AddressFile = "allow" | "deny" | "ignore" | "tempban" | "blocklists"

/** Files inside files. */
const deepest = 10

/** Reads csf.allow, csf.deny, csf.ignore, csf.tempban or csf.blocklists, with what they include. */
export function readAddressFile(
  kind: AddressFile,
  file: DialectFile,
  options: ImportOptions,
  findings: Findings,
  above: readonly string[] = [],
): void {
  for (const [index, line] of file.text
    .replace(/^\ufeff/, "")
    .split(/\r?\n/)
    .entries()) {
    const text = line.trim()
    const bare = (kind === "tempban" ? line : line.replace(/#.*$/, "")).trim()
    if (bare === "" || text.startsWith("#")) continue
    const column = line.indexOf(text) + 1
    const span: Span = {
      file: file.path,
      line: index + 1,
      column,
      endLine: index + 1,
      endColumn: column + text.length,
    }
    const included = kind === "tempban" ? undefined : /^include\s+(\S.*)$/i.exec(bare)?.[1]
    if (included === undefined) findings.tell({ span, text }, readers[kind](bare, findings))
    else include(included.trim(), { span, text }, kind, file, options, findings, above)
  }
}

function include(
  name: string,
  place: Place,
  kind: AddressFile,
  from: DialectFile,
  options: ImportOptions,
  findings: Findings,
  above: readonly string[],
): void {
  const chain = [...above, from.path]
  const read = options.read(name, from.path)
  const wrong = isProblem(read)
    ? read.message
    : chain.includes(read.path)
      ? "it includes itself"
      : chain.length >= deepest
        ? "files include each other too deep"
        : undefined
  if (wrong !== undefined || isProblem(read)) {
    findings.tell(place, {
      owner: "works",
      does: `its lines stand in ${name}`,
      relation: "lost",
      why: "what stands there was not read",
      protects: kind === "deny" || kind === "blocklists",
      mistakes: [
        {
          id: "csf-include",
          message: `${name} is not read: ${wrong}`,
          hint: "name that file to import, too",
        },
      ],
    })
    return
  }
  findings.tell(place, {
    owner: "works",
    does: `the lines of ${name} stand here`,
    relation: "same",
    protects: false,
  })
  readAddressFile(kind, read, options, findings, chain)
}

type Reader = (text: string, findings: Findings) => Told

const readers: Readonly<Record<AddressFile, Reader>> = {
  allow(text, findings) {
    const { bypass, listed } = findings
    if (isAdvanced(text)) {
      const filter = readAdvancedFilter(text)
      if (filter.kind !== "phrase") return unsaid(text, filter, "lets such packets past everything", false)
      if (filter.opening) findings.allow(filter.phrase, filter.opening)
      else bypass.push(filter.phrase)
      const { direction, match, families } = filter
      listed.push(...families.map((family) => ({ family, list: "ALLOW" as const, direction, match })))
      return {
        owner: "works",
        does: "such packets are accepted before all other rules",
        becomes: [`bypass: ${filter.phrase}`],
        relation: "same",
        protects: false,
      }
    }
    const network = readNetwork(text)
    if (!network) return noAddress(text, "allows nobody", false)
    if (network.length === 0) return everybody(text, "everything is accepted, from and to everybody")
    if (isLoopback(network)) return ownHost()
    const address = printPrefix(network)
    const lines = [`in on ${zone} from ${address}`, `out on ${zone} to ${address}`]
    bypass.push(...lines)
    listed.push(...listedAddress("ALLOW", network, true))
    return {
      owner: "works",
      does: "all from and to it is accepted, past every other rule",
      becomes: lines.map((line) => `bypass: ${line}`),
      relation: "same",
      protects: false,
    }
  },
  deny(text, { blocked, blockedOut, configuration, listed }) {
    if (isAdvanced(text)) {
      const filter = readAdvancedFilter(text)
      if (filter.kind === "phrase") {
        const { direction, match, families } = filter
        listed.push(...families.map((family) => ({ family, list: "DENY" as const, direction, match })))
      }
      const asked =
        filter.kind === "phrase"
          ? ({ kind: "unsaid", why: "a blocklist keeps a host from all ports" } as const)
          : filter
      return unsaid(text, asked, "drops such packets", true)
    }
    const network = readNetwork(text)
    if (!network) return noAddress(text, "denies nobody", true)
    if (network.length === 0) return everybody(text, "everybody is locked out, the administrator, too")
    const address = printPrefix(network)
    const isInOnly = configuration.isOn("LF_BLOCKINONLY")
    listed.push(...listedAddress("DENY", network, !isInOnly))
    if (!blocked.includes(address)) blocked.push(address)
    if (!isInOnly && !blockedOut.includes(address)) blockedOut.push(address)
    const isUntouched =
      network.address.family === 6 && configuration.has("IPV6") && !configuration.filtersIpv6
    return {
      owner: isUntouched ? "nothing" : "works",
      does: isUntouched
        ? "while IPV6 is 0 CSF passes over it"
        : `all from it is dropped${isInOnly ? "" : ", and what leaves to it"}`,
      becomes: [path("blocklist", address), ...(isInOnly ? [] : [path("outgoing.blocklist", address)])],
      ...(isUntouched ? { relation: "stricter", why: "Floodwall keeps it out" } : { relation: "same" }),
      protects: true,
    }
  },
  ignore(text, { neverBlock }) {
    const network = readNetwork(text)
    if (!network) return noAddress(text, "is ignored by nobody", false)
    if (network.length === 0) return everybody(text, "lfd blocks nobody")
    if (isLoopback(network)) return ownHost()
    const address = printPrefix(network)
    if (!neverBlock.includes(address)) neverBlock.push(address)
    return {
      owner: "works",
      does: "lfd never blocks it; rules are for it as for others",
      becomes: [`never-block: ${address}`],
      relation: "same",
      protects: false,
    }
  },
  tempban(text) {
    const [, address = "", ports = "", , ttl = ""] = text.split("|")
    const network = readNetwork(address)
    if (!network) return noAddress(text, "bans nobody", true)
    return {
      owner: "works",
      does: `${printPrefix(network)} is kept out${ports === "" ? "" : ` of port ${ports}`} for ${ttl}s from its beginning, as long as lfd runs; without lfd it is never let in again`,
      relation: "lost",
      why: "a ban that ends is no part of a policy",
      protects: true,
      mistakes: [
        {
          id: "csf-not-carried",
          message: `the ban of ${printPrefix(network)} is not carried over`,
          hint: "blocklist keeps a host out for good",
        },
      ],
    }
  },
  blocklists(text) {
    const [name = "", interval = "", , url = ""] = text.split("|")
    if (url === "") {
      return {
        owner: "refused",
        does: "the line names no address to fetch a list from",
        relation: "same",
        protects: false,
        mistakes: [{ id: "csf-syntax", message: `"${text}" is not NAME|INTERVAL|MAX|URL` }],
      }
    }
    return {
      owner: "works",
      does: `lfd fetches ${url} every ${interval}s and drops what it names`,
      relation: "lost",
      why: "Floodwall fetches nothing: a list is a file",
      protects: true,
      mistakes: [
        {
          id: "csf-not-carried",
          message: `the blocklist ${name} is not carried over: nothing is fetched`,
          hint: `fetch ${url} to lists/${name.toLowerCase()}.txt by cron, and write blocklist: [lists/${name.toLowerCase()}.txt]`,
        },
      ],
    }
  },
}

function listedAddress(list: ListedRule["list"], network: Prefix, goesOut: boolean): ListedRule[] {
  const { family } = network.address
  const address = printPrefix(network)
  const out = { family, list, direction: "out", match: `-d ${address}` } as const
  return [{ family, list, direction: "in", match: `-s ${address}` }, ...(goesOut ? [out] : [])]
}

const loopback: readonly Prefix[] = ["127.0.0.0/8", "::1"].flatMap((text) => readNetwork(text) ?? [])

function isLoopback(network: Prefix): boolean {
  return loopback.some((own) => contains(own, network))
}

/** The host's own address, which no packet from outside may have: in a bypass it would let forged ones past. */
function ownHost(): Told {
  return {
    owner: "works",
    does: "this host itself, which no rule of CSF's is for",
    relation: "same",
    protects: false,
  }
}

function unsaid(
  text: string,
  filter: { readonly kind: string; readonly why: string },
  does: string,
  protects: boolean,
): Told {
  if (filter.kind === "malformed") {
    return {
      owner: "nothing",
      does: `CSF does not take it: ${filter.why}`,
      relation: "same",
      protects: false,
      mistakes: [{ id: "csf-syntax", message: `"${text}" is no filter of CSF: ${filter.why}` }],
    }
  }
  return {
    owner: "works",
    does: `it ${does}`,
    relation: protects ? "lost" : "stricter",
    why: filter.why,
    protects,
    mistakes: [{ id: "csf-not-carried", message: `"${text}" is not carried over: ${filter.why}` }],
  }
}

function noAddress(text: string, does: string, wasMeantToProtect: boolean): Told {
  const mistake: Mistake = {
    id: "csf-syntax",
    message: `"${text}" is not an address${wasMeantToProtect ? ", and keeps nobody out" : ""}`,
    hint: "an address or a network a line: 192.0.2.0/24",
  }
  return {
    owner: "nothing",
    does: `it ${does}: it is not an address`,
    relation: "same",
    protects: false,
    mistakes: [mistake],
  }
}

function everybody(text: string, does: string): Told {
  return {
    owner: "works",
    does,
    relation: "not-ours",
    why: "a line for everybody is not carried over",
    protects: false,
    mistakes: [
      {
        id: "csf-everybody",
        message: `${text} is everybody: ${does}`,
        hint: "say it in the policy if you mean it",
      },
    ],
  }
}
