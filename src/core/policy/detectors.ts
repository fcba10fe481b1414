import type { Action, Limit } from "./policy.js"

/** A detector as far as the policy goes: what it may be told. What it does with it is in detect/. */
export interface DetectorWords {
  readonly name: string
  readonly title: string
  readonly limits: readonly Limit["form"][]
  readonly limit?: Limit
  readonly action: Action
}

const minute = 60e9

export const detectorWords: readonly DetectorWords[] = [
  {
    name: "port-scan",
    title: "A source tries many TCP ports that nothing listens on.",
    limits: ["window"],
    limit: { form: "window", count: 19, duration: minute },
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
    name: "distributed-flood",
    title: "Many sources flood together, so that no limit of one source sees it.",
    limits: [],
    action: "notify",
  },
]
