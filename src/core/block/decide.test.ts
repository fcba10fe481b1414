import { describe, expect, test } from "vitest"
import { parseAddress } from "../base/address.js"
import { printPrefix } from "../base/prefix.js"
import type { Finding } from "../event/finding.js"
import { decide, type Surroundings } from "./decide.js"
import { repeaterDefaults } from "./duration.js"

const attacker = parseAddress("203.0.113.9")!

function finding(given: Partial<Finding> = {}): Finding {
  return {
    at: 1000,
    detector: "port-scan",
    kind: "vertical-syn-scan",
    sentence: "tried 20 closed TCP ports",
    sources: [attacker],
    sourceCount: 1,
    manySources: false,
    proven: true,
    target: { address: null, addressCount: 1, protocol: "tcp", ports: [], portCount: 20 },
    evidence: { count: 20, first: 999, last: 1000, packets: [] },
    confidence: "high",
    threshold: { phrase: "more than 19 in 1m" },
    action: "block",
    blockFor: 3600,
    repetition: 1,
    ...given,
  }
}

const nobody: Surroundings = {
  neverBlocked: () => undefined,
  hasConnection: () => false,
  calledAt: () => undefined,
  timesBefore: () => 0,
  repeaters: repeaterDefaults,
  provedOnly: false,
}

/** `203.0.113.9 everything 3600s`, or `only-notify: why`. */
function said(given: Partial<Finding>, around: Partial<Surroundings> = {}): string {
  return decide(finding(given), { ...nobody, ...around }, 1000)
    .map((decision) =>
      decision.verdict === "block"
        ? `${printPrefix(decision.source)} ${decision.scope} ${decision.seconds}s`
        : `only-notify${decision.wouldBlock ? " (would block)" : ""}: ${decision.reason}`,
    )
    .join("\n")
}

describe("a source that proved its address", () => {
  test.each<[string, Partial<Finding>, Partial<Surroundings>, string]>([
    ["is blocked from everything", {}, {}, "203.0.113.9 everything 3600s"],
    [
      "of IPv6 with its /64",
      { sources: [parseAddress("2001:db8::5")!] },
      {},
      "2001:db8::/64 everything 3600s",
    ],
    ["longer the second time", {}, { timesBefore: () => 1 }, "203.0.113.9 everything 7200s"],
    ["no longer than a week", {}, { timesBefore: () => 30 }, "203.0.113.9 everything 604800s"],
    [
      "for ever where the policy says so",
      { blockFor: Number.POSITIVE_INFINITY },
      {},
      "203.0.113.9 everything Infinitys",
    ],
    [
      "not where the action is notify",
      { action: "notify" },
      {},
      "only-notify (would block): the action of port-scan is notify",
    ],
    [
      "not where it is drop",
      { action: "drop" },
      {},
      "only-notify (would block): the action of port-scan is drop: what it finds is stopped, and nobody listed",
    ],
    [
      "never where it is named so",
      {},
      { neverBlocked: () => "never-block names it" },
      "only-notify: never-block names it",
    ],
    [
      "never for many sources",
      { manySources: true },
      {},
      "only-notify: many sources acted together: any of them may be forged, so none is blocked for it",
    ],
    [
      "not for what can be forged in its name while it is connected",
      {},
      { hasConnection: () => true },
      "only-notify: 203.0.113.9 has a live connection, and what was found can be forged in its name",
    ],
    [
      "not for what can be forged in the name of a visitor",
      { isVisitor: true },
      {},
      "only-notify: 203.0.113.9 had come as a visitor before, and what was found can be forged in its name",
    ],
    [
      "for it, if it was blocked before",
      { isVisitor: true },
      { timesBefore: () => 1 },
      "203.0.113.9 everything 7200s",
    ],
    [
      "for too many connections",
      { isVisitor: true, detector: "port-flood" },
      {},
      "203.0.113.9 everything 3600s",
    ],
    [
      "for logins that fail, connected or not",
      { detector: "failed-logins" },
      { hasConnection: () => true },
      "203.0.113.9 everything 3600s",
    ],
  ])("%s", (_name, given, around, expected) => {
    expect(said({ proven: true, ...given }, around)).toBe(expected)
  })
})

describe("a source that proved nothing", () => {
  test.each<[string, Partial<Finding>, Partial<Surroundings>, string]>([
    ["only new connections, ten minutes", {}, {}, "203.0.113.9 new-connections 600s"],
    ["less where the policy says less", { blockFor: 60 }, {}, "203.0.113.9 new-connections 60s"],
    ["no longer the second time", {}, { timesBefore: () => 5 }, "203.0.113.9 new-connections 600s"],
    [
      "not while it is connected",
      {},
      { hasConnection: () => true },
      "only-notify: 203.0.113.9 has a live connection, and what was found can be forged in its name",
    ],
    [
      "not where we called it an hour ago",
      {},
      { calledAt: () => -2600 },
      "only-notify: it proved nothing here, and a host of ours called 203.0.113.9 within 24 hours",
    ],
    [
      "where we called it two days ago",
      {},
      { calledAt: () => 1000 - 172_800 },
      "203.0.113.9 new-connections 600s",
    ],
    [
      "not at all with forged-sources: prove",
      {},
      { provedOnly: true },
      "only-notify: it completed no handshake, and forged-sources is prove",
    ],
  ])("%s", (_name, given, around, expected) => {
    expect(said({ proven: false, ...given }, around)).toBe(expected)
  })
})
