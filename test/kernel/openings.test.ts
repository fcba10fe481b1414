import { describe, expect } from "vitest"
import { renderNft } from "../../src/core/backend/nft/render.js"
import { SYN } from "../../src/core/packet/packet.js"
import { laboratoryFacts } from "../../src/linux/demo/engine-run.js"
import { ActWriter, Numbers, type World, worlds } from "../../src/linux/demo/traffic/act.js"
import { differences, judgeBoth } from "./support/agree.js"
import { kernelTest } from "./support/kernel-test.js"
import { compiled } from "./support/policy.js"

/** Who dials what: sources are clients 1 and 2 outside, destinations this host and a host behind it. */
interface Dial {
  readonly client: 1 | 2
  readonly to: "here" | "inside"
  readonly port: number
}

const dials: readonly Dial[] = [
  { client: 1, to: "here", port: 22 },
  { client: 2, to: "here", port: 22 },
  { client: 1, to: "inside", port: 22 },
  { client: 2, to: "inside", port: 22 },
  { client: 1, to: "here", port: 80 },
  { client: 2, to: "inside", port: 80 },
]

function dialled(world: World): ActWriter {
  const writer = new ActWriter(new Numbers())
  for (const [index, { client, to, port }] of dials.entries())
    writer.packet("outside", {
      source: world.outside(client),
      destination: to === "here" ? world.here : world.inside,
      tcp: {
        sourcePort: 3000 + index,
        destinationPort: port,
        flags: SYN,
        sequence: index,
        maximumSegmentSize: 1460,
      },
    })
  return writer
}

/** `+` gets through, `-` is dropped; in the order of `dials`. */
function cases({ outside, inside }: World): readonly (readonly [open: string, fates: string])[] {
  const one = JSON.stringify(outside(1))
  const many = Array.from({ length: 20 }, (_, host) => outside(host + 1)).map((host) => JSON.stringify(host))
  return [
    // Closed and open altogether: the controls.
    ["[]", "------"],
    ["[{ ports: all }]", "++++++"],
    ["[22/tcp]", "++++--"],
    [`[{ ports: [22/tcp], from: ${one} }]`, "+-+---"],
    [`[{ ports: all, from: ${one} }]`, "+-+-+-"],
    [`[{ ports: [22/tcp], to: ${JSON.stringify(inside)} }]`, "--++--"],
    ["[{ ports: [22/tcp], only: here }]", "++----"],
    ["[{ ports: [22/tcp], only: through }]", "--++--"],
    ["[{ ports: all, only: here }]", "++--+-"],
    ["[{ ports: all, only: through }]", "--++-+"],
    [`[{ ports: [22/tcp], only: here, from: ${one} }, { ports: [80/tcp], only: through }]`, "+----+"],
    [`[80/tcp, { ports: [22/tcp], only: through, from: ${one} }]`, "--+-++"],
    // More hosts than stand in a rule.
    [`[{ ports: [22/tcp], from: [${many.join(", ")}] }]`, "++++--"],
    // A chain that tells drops nothing.
    ["{ action: notify, ports: [{ ports: [22/tcp], only: here }] }", "++++++"],
  ]
}

for (const world of worlds)
  describe(`open in part, IPv${world.family}`, () => {
    for (const [open, fates] of cases(world))
      kernelTest(`open: ${open.length > 90 ? `${open.slice(0, 90)}…` : open}`, ({ laboratory }) => {
        const ruleset = compiled(`open: ${open}`, laboratoryFacts)
        const comparisons = judgeBoth(
          laboratory,
          { nft: renderNft(ruleset).text, ruleset },
          dialled(world).frames,
        )
        const asked = comparisons.filter(
          ({ arrival }) => arrival.frame.device === "wan0" && !arrival.own && arrival.ruling,
        )
        expect(asked.map(({ kernel }) => (kernel === "dropped" ? "-" : "+")).join("")).toBe(fates)
        expect(differences(asked)).toEqual([])
      })
  })
