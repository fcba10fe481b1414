import { expect, test } from "vitest"
import { parseAddress } from "../base/address.js"
import { type Answer, AnswerEvent } from "../event/answer-event.js"
import type { Finding } from "../event/finding.js"
import { FROM_OUTSIDE, setEnds, THROUGH, TOWARDS_HOST } from "../event/flow.js"
import { TCP } from "../packet/packet.js"
import { standardDetectors } from "../policy/detect.js"
import type { PortSelector } from "../policy/policy.js"
import { Detection } from "./detection.js"
import { RecentHashes } from "./recent-hashes.js"

const range = (from: number, to: number): PortSelector => ({ protocol: "tcp", range: { from, to } })
const exporters = Array.from({ length: 25 }, (_, index) => 9100 + index)

interface Asked {
  readonly offers?: readonly PortSelector[]
  readonly services?: RecentHashes
  readonly ports?: readonly number[]
  readonly answer?: Answer
  readonly direction?: number
}

/** What is found where a monitor asks for each port, at the time `from`. */
function found({
  offers = [],
  services,
  ports = exporters,
  answer = "closed",
  direction = TOWARDS_HOST,
}: Asked) {
  const findings: Finding[] = []
  const detection = new Detection(
    standardDetectors(),
    { sees: "some", offers, ...(services && { services }) },
    (finding) => findings.push(finding),
  )
  for (const [index, port] of ports.entries()) {
    const event = new AnswerEvent()
    setEnds(event, parseAddress("203.0.113.50")!, parseAddress("192.0.2.1")!)
    const time = 1_700_000_000 + index / 10
    Object.assign(event, { protocol: TCP, destinationPort: port, sourcePort: 40_000 + index })
    Object.assign(event, { direction, side: FROM_OUTSIDE, time, tried: time, probe: "syn", answer })
    detection.answer(event)
  }
  return findings.map(({ kind }) => kind)
}

test("a service that was down before anybody looked is one that somebody offers", () => {
  const offers = [range(9100, 9124)]
  expect(found({})).toEqual(["vertical-syn-scan"])
  expect(found({ offers })).toEqual([])
  expect(found({ offers, answer: "silent" })).toEqual([])
  // A rule refuses it to this one; behind this host it is looked for.
  expect(found({ offers, answer: "refused" })).toEqual(["vertical-syn-scan"])
  expect(found({ offers, direction: THROUGH })).toEqual(["vertical-syn-scan"])
  expect(found({ offers: [range(9100, 9104)] })).toEqual(["vertical-syn-scan"])
})

test("a remote desktop that is open, and down, is no decoy, wherever it stands", () => {
  const desktop = { ports: [3389, 3389], direction: THROUGH }
  expect(found(desktop)).toEqual(["decoy-contact"])
  expect(found({ ...desktop, offers: [range(3389, 3389)] })).toEqual([])
})

test("services are known to the next one who looks", () => {
  const services = new RecentHashes()
  expect(found({ services, answer: "open" })).toEqual([])
  expect(found({ services })).toEqual([])
})
