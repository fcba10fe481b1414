import type { HostFacts, Policy, PortSelector } from "./policy.js"

/** A range that is wider is a place for what comes and goes (passive FTP, calls), and names no services. */
const WIDEST = 64

/** Ports that are services whether they answer or not: those that `open` names, and those that something on the host listens on. */
export function offersOf({ zones }: Policy, { listening }: HostFacts): readonly PortSelector[] {
  const named = zones
    .flatMap(({ incoming }) => incoming.filter(({ name }) => name === "open"))
    .flatMap(({ ports, openings = [] }) => [
      ...ports,
      ...openings.flatMap((opening) => (opening.ports === "all" ? [] : opening.ports)),
    ])
    .filter(({ range: { from, to } }) => to - from < WIDEST)
  return [...named, ...listening]
}
