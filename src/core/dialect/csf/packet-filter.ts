import type { Draft } from "../imported.js"
import { type Findings, flow, off, path, type Told } from "./findings.js"

const kinds = ["malformed-null", "malformed-xmas", "malformed-bad", "invalid", "new-tcp-without-syn"]

/** `PACKET_FILTER = "1"`: TCP that is invalid, has flags that contradict each other, or begins in the middle; on the way in and out. */
export function readPacketFilter(findings: Findings): Told {
  const { configuration, exact, incoming, outgoing } = findings
  if (!configuration.isOn("PACKET_FILTER")) return off("CSF lets malformed TCP in")
  if (!configuration.isOn("LF_SPI")) {
    return {
      owner: "nothing",
      does: "without connection tracking (LF_SPI) its rules are not there",
      relation: "same",
      protects: false,
      mistakes: [
        {
          id: "csf-rule-refused",
          message: "PACKET_FILTER protects nothing while LF_SPI is 0",
          hint: "malformed-null, malformed-xmas, malformed-bad and invalid: drop",
        },
      ],
    }
  }
  // CSF's final rule drops UDP that is invalid; without that rule nothing does.
  const ports = configuration.closes ? "1-65535" : "1-65535/tcp"
  const becomes: string[] = []
  for (const kind of kinds) {
    const value: Draft = exact && kind === "invalid" ? { ports: [ports], action: "drop" } : "drop"
    incoming[kind] = value
    outgoing[kind] = value
    becomes.push(path(kind, flow(value)), path(`outgoing.${kind}`, flow(value)))
  }
  return {
    owner: "works",
    does: "TCP that is invalid to connection tracking, has flags that contradict each other, or is new without SYN is dropped, on the way in and out",
    becomes,
    ...(exact
      ? { relation: "same" }
      : {
          relation: "stricter",
          why: "what is invalid is dropped of every protocol: ICMP errors about connections that nobody knows, too",
        }),
    protects: true,
  }
}
