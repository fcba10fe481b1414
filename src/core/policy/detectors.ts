import type { Action, Limit } from "./policy.js"

/** A detector as far as the policy goes: what it may be told. What it does with it is in detect/. */
export interface DetectorWords {
  readonly name: string
  readonly title: string
  readonly limits: readonly Limit["form"][]
  readonly limit?: Limit
  readonly action: Action
  /** `ports` has a meaning. */
  readonly hasPorts?: true
  /** Presets leave it to the policy. */
  readonly isOptional?: true
}

const second = 1e9
const minute = 60 * second

export const detectorWords: readonly DetectorWords[] = [
  {
    name: "port-scan",
    title: "A source tries many TCP ports that nothing listens on, of one host or of many.",
    limits: ["window"],
    limit: { form: "window", count: 19, duration: minute },
    action: "block",
  },
  {
    name: "slow-port-scan",
    title: "A source tries closed TCP ports so slowly that no minute shows it.",
    limits: ["window"],
    limit: { form: "window", count: 39, duration: 24 * 60 * minute },
    action: "block",
  },
  {
    name: "udp-port-scan",
    title: "A source tries many UDP ports that nothing listens on; sources of UDP may be forged.",
    limits: ["window"],
    limit: { form: "window", count: 19, duration: minute },
    action: "notify",
  },
  {
    name: "distributed-port-scan",
    title: "Several sources share a scan: none of them tries many closed TCP ports, and together they do.",
    limits: ["window"],
    limit: { form: "window", count: 39, duration: minute },
    action: "notify",
  },
  {
    name: "ping-sweep",
    title: "A source asks one host after the other whether it is there.",
    limits: ["window"],
    limit: { form: "window", count: 31, duration: minute },
    action: "notify",
  },
  {
    name: "decoy-contacts",
    title:
      "A source tries ports that nobody honest uses here: 23, 2323, 3389 and 5900, where nothing answers on them.",
    limits: ["window"],
    limit: { form: "window", count: 1, duration: 10 * minute },
    action: "block",
    hasPorts: true,
  },
  {
    name: "failed-logins",
    title: "A source fails to log in again and again (sshd).",
    limits: ["window"],
    limit: { form: "window", count: 9, duration: 10 * minute },
    action: "block",
  },
  {
    name: "syn-flood",
    title: "A source begins many connections and completes few.",
    limits: ["window", "rate"],
    limit: { form: "window", count: 1000, duration: 10 * second },
    action: "notify",
  },
  {
    name: "tcp-flood",
    title:
      "A source sends many TCP packets that belong to no connection: ACK, RST, SYN-ACK, FIN and odder ones.",
    limits: ["window", "rate"],
    limit: { form: "window", count: 1000, duration: 10 * second },
    action: "notify",
  },
  {
    name: "udp-flood",
    title: "A source sends many datagrams that nobody answers.",
    limits: ["window", "rate"],
    limit: { form: "window", count: 2000, duration: second },
    action: "notify",
    hasPorts: true,
  },
  {
    name: "icmp-flood",
    title: "A source sends many echo requests.",
    limits: ["window", "rate"],
    limit: { form: "window", count: 1000, duration: 10 * second },
    action: "notify",
  },
  {
    name: "connection-flood",
    title: "A source holds many connections at once.",
    limits: ["count"],
    limit: { form: "count", count: 1000 },
    action: "notify",
    hasPorts: true,
  },
  {
    name: "port-flood",
    title: "A source opens connections to one of these ports faster than its users would.",
    limits: ["window", "rate"],
    limit: { form: "window", count: 5, duration: 300 * second },
    action: "notify",
    hasPorts: true,
    isOptional: true,
  },
  {
    name: "distributed-flood",
    title: "Many sources flood together, so that no limit of one source sees it.",
    limits: ["window", "rate"],
    limit: { form: "window", count: 1000, duration: 5 * second },
    action: "notify",
  },
  {
    name: "malformed-packets",
    title: "A source sends packets that no network stack sends.",
    limits: ["window"],
    limit: { form: "window", count: 9, duration: minute },
    action: "notify",
  },
  {
    name: "fragment-attack",
    title:
      "Fragments that overlap, that hide the TCP header, or that end beyond 65,535 bytes (ping of death).",
    limits: [],
    action: "notify",
  },
  {
    name: "land-attack",
    title: "A packet whose source is its destination.",
    limits: [],
    action: "notify",
  },
  {
    name: "smurf",
    title: "Echo requests to a broadcast address, or echo replies from many that nobody asked.",
    limits: ["window"],
    limit: { form: "window", count: 9, duration: 10 * second },
    action: "notify",
  },
  {
    name: "unsolicited-syn-ack",
    title: "A source accepts connections that nobody opened: a probe, or a flood elsewhere with our address.",
    limits: ["window"],
    limit: { form: "window", count: 19, duration: minute },
    action: "notify",
  },
  {
    name: "data-in-syn",
    title: "A packet that begins a connection carries data, without TCP Fast Open.",
    limits: [],
    action: "notify",
  },
  {
    name: "leak",
    title: "A host inside sends data out in packets of no connection.",
    limits: [],
    action: "notify",
  },
  {
    name: "forged-source",
    title:
      "Packets whose source cannot be where they came from: this host's own, loopback, or a network behind another interface.",
    limits: ["window"],
    limit: { form: "window", count: 2, duration: minute },
    action: "notify",
  },
  {
    name: "intrusion-alert",
    title: "An intrusion detection system tells of an attack.",
    limits: [],
    action: "notify",
  },
]
