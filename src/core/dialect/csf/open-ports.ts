import { type ListItem, listItems, type Setting } from "./conf.js"
import { type Findings, type Mistake, off, path, type Told } from "./findings.js"
import { policyPort, readCsfPort } from "./port.js"

type Protocol = "tcp" | "udp"

/** `TCP_IN`, `UDP_IN`, `TCP6_IN`, `UDP6_IN`: the ports that accept new connections; all others are closed. */
export function readOpenPorts(findings: Findings, setting: Setting): Told | null {
  const { configuration } = findings
  const protocol: Protocol = setting.name.startsWith("TCP") ? "tcp" : "udp"
  const isIpv6 = setting.name.includes("6")
  if (isIpv6 && !configuration.filtersIpv6) {
    return off("while IPV6 is 0 CSF leaves IPv6 alone: all its ports are open")
  }
  if (!isIpv6 || configuration.closes) findings.open ??= []
  const items = listItems(setting).filter(({ plain }) => plain !== "")
  if (items.length === 0) {
    return {
      owner: "works",
      does: `no ${protocol} port is open${isIpv6 ? " for IPv6" : ""}`,
      becomes: [path("open", `no ${protocol} port`)],
      relation: "same",
      protects: true,
    }
  }
  const other = otherFamily(setting, findings)
  for (const item of items) {
    const read = told(item.plain, protocol, isIpv6, other, findings)
    const mistakes = [...(read.mistakes ?? []), ...joined(item)]
    findings.tell(item, { ...read, ...(mistakes.length > 0 && { mistakes }) })
  }
  return null
}

/** `22 80` without a comma is one port to CSF. */
function joined({ text, plain }: ListItem): readonly Mistake[] {
  if (!/\w\s+\w/.test(text)) return []
  return [
    {
      id: "csf-ambiguous",
      message: `"${text}" has a space where a comma may be missing: CSF reads ${plain}`,
      hint: "if several ports are meant, write them with commas, and import again",
    },
  ]
}

/** The ports of the other IP version, where both are filtered and the file has both lists. */
function otherFamily({ name }: Setting, { configuration }: Findings): readonly string[] | undefined {
  const isIpv6 = name.includes("6")
  const other = configuration.get(isIpv6 ? name.replace("6", "") : name.replace("_", "6_"))
  if (!configuration.filtersIpv6 || !other) return undefined
  return listItems(other).flatMap(({ plain }) => {
    const port = readCsfPort(plain)
    const text = port.kind === "range" ? policyPort(port.range) : undefined
    return text === undefined ? [] : [text]
  })
}

function told(
  text: string,
  protocol: Protocol,
  isIpv6: boolean,
  other: readonly string[] | undefined,
  findings: Findings,
): Told {
  const read = readCsfPort(text)
  if (read.kind === "ambiguous") {
    return {
      owner: "partly",
      does: `which port is open depends on who reads the number: ${read.why}`,
      relation: "stricter",
      why: "what was meant is not clear, so the port stays closed",
      protects: false,
      mistakes: [{ id: "csf-ambiguous", message: `"${text}" can be read in two ways: ${read.why}` }],
    }
  }
  const port = read.kind === "range" ? policyPort(read.range, protocol) : undefined
  if (read.kind === "refused" || port === undefined) {
    const reason = read.kind === "refused" ? read.why : "nobody dials port 0"
    return {
      owner: "nothing",
      does: `it opens nothing: ${reason}`,
      relation: "same",
      protects: false,
      mistakes: [{ id: "csf-rule-refused", message: `"${text}" opens no port: ${reason}` }],
    }
  }
  if (!findings.open?.includes(port)) findings.open?.push(port)
  const isOneSided =
    other !== undefined && read.kind === "range" && !other.includes(policyPort(read.range) ?? "")
  const [here, there] = isIpv6 ? ["IPv6", "IPv4"] : ["IPv4", "IPv6"]
  return {
    owner: "works",
    does: `new connections to ${port}${findings.configuration.filtersIpv6 ? ` of ${here}` : ""} are accepted, and those to ports that are not listed are not`,
    becomes: [path("open", port)],
    ...(isOneSided
      ? { relation: "looser", why: `open is for both IP versions, and CSF opens ${port} for ${here} only` }
      : { relation: "same" }),
    protects: true,
    ...(isOneSided && {
      mistakes: [
        {
          id: "csf-families-differ",
          message: `${port} is open for ${here} and not for ${there}; a policy opens it for both`,
        },
      ],
    }),
  }
}

/** `TCP_OUT` and its kin: what may leave. A policy closes nothing on the way out. */
export function readOutgoingPorts(findings: Findings, setting: Setting): Told | null {
  const isIpv6 = setting.name.includes("6")
  if (isIpv6 && !findings.configuration.filtersIpv6) {
    return off("while IPV6 is 0 CSF leaves IPv6 alone: everything leaves")
  }
  const protocol = setting.name.startsWith("TCP") ? "TCP" : "UDP"
  const isOpen = listItems(setting).some(({ plain }) => {
    const port = readCsfPort(plain)
    return port.kind === "range" && port.range.from <= 1 && port.range.to === 65_535
  })
  if (isOpen) {
    return {
      owner: "works",
      does: `${protocol} leaves to every port`,
      relation: "same",
      protects: false,
    }
  }
  return {
    owner: "works",
    does: `${protocol} to ports that are not listed does not leave`,
    relation: "lost",
    why: "a policy closes no port on the way out: everything leaves",
    protects: true,
    mistakes: [
      {
        id: "csf-outgoing-stays-open",
        message: `${setting.name} keeps ${protocol} to other ports from leaving; with Floodwall all of it leaves`,
        hint: "keep rules of your own for what may leave, in a table beside Floodwall's",
      },
    ],
  }
}
