import { expect, describe as group } from "vitest"
import { renderNft } from "../../src/core/backend/nft/render.js"
import { SYN } from "../../src/core/packet/packet.js"
import { laboratoryFacts } from "../../src/linux/demo/engine-run.js"
import { ActWriter, Numbers, type World, worlds } from "../../src/linux/demo/traffic/act.js"
import { TcpSession } from "../../src/linux/demo/traffic/tcp-session.js"
import { createReferee } from "../../src/linux/host/namespace/referee.js"
import { differences, judgeBoth, play } from "./support/agree.js"
import { kernelTest } from "./support/kernel-test.js"
import { compiled } from "./support/policy.js"

/**
 * Ports mean what the client dialled: the rules stand before destination NAT. The nat tables are what `docker run -p 8080:80 -p 5353:53/udp` leaves in the kernel,
 * hairpin included, and are not ours.
 */
const published = `
table ip nat {
  chain PREROUTING { type nat hook prerouting priority -100; fib daddr type local jump DOCKER; }
  chain DOCKER {
    tcp dport 8080 dnat to 198.51.100.80:80
    udp dport 5353 dnat to 198.51.100.80:53
  }
  chain POSTROUTING {
    type nat hook postrouting priority 100
    ip saddr 198.51.100.0/24 oifname != "lan0" masquerade
    ip saddr 198.51.100.80 ip daddr 198.51.100.80 tcp dport 80 masquerade
  }
}
table ip6 nat {
  chain PREROUTING { type nat hook prerouting priority -100; fib daddr type local jump DOCKER; }
  chain DOCKER {
    tcp dport 8080 dnat to [2001:db8:2::80]:80
    udp dport 5353 dnat to [2001:db8:2::80]:53
  }
}
`

type Fate = "through" | "dropped"

/** A client dials a TCP port of the firewall, once a number: what became of each first packet. Engine and kernel agree on it, or the test fails. */
function dialled(world: World, ports: readonly number[], writer = new ActWriter(new Numbers())): ActWriter {
  for (const [index, destinationPort] of ports.entries())
    writer.packet("outside", {
      source: world.outside(1),
      destination: world.here,
      tcp: {
        sourcePort: 3000 + index,
        destinationPort,
        flags: SYN,
        sequence: index,
        maximumSegmentSize: 1460,
      },
    })
  return writer
}

const cases: readonly (readonly [line: string, ports: readonly number[], fates: readonly Fate[]])[] = [
  // Without a protection both pass: the control.
  ["malformed-null: drop", [8080, 80], ["through", "through"]],
  ["open: [8080/tcp]", [8080, 80, 443], ["through", "dropped", "dropped"]],
  ["open: [80/tcp]", [8080, 80], ["dropped", "through"]],
  [
    "decoy-ports: { ports: [80/tcp], limit: more than 1 in 10m, action: drop }",
    [8080, 80, 80, 80, 8080],
    ["through", "through", "dropped", "dropped", "through"],
  ],
  [
    "port-floods: { 8080: { limit: more than 2 in 300s, action: drop } }",
    [8080, 8080, 8080, 80, 80, 80],
    ["through", "through", "dropped", "through", "through", "through"],
  ],
  [
    "port-floods: { 80: { limit: more than 2 in 300s, action: drop } }",
    [8080, 8080, 8080, 80, 80, 80],
    ["through", "through", "through", "through", "through", "dropped"],
  ],
]

for (const world of worlds)
  group(`a container's published port, IPv${world.family}`, () => {
    for (const [line, ports, fates] of cases)
      kernelTest(`${line}: the port is the one that the client dialled`, ({ laboratory }) => {
        laboratory.firewall.nft(published)
        const ruleset = compiled(line, laboratoryFacts)
        const comparisons = judgeBoth(
          laboratory,
          { nft: renderNft(ruleset).text, ruleset },
          dialled(world, ports).frames,
        )
        const asked = comparisons.filter(
          ({ arrival }) => arrival.frame.device === "wan0" && !arrival.own && arrival.ruling,
        )
        expect(asked.map(({ kernel }) => kernel)).toEqual(fates)
        expect(differences(asked)).toEqual([])
      })

    kernelTest(
      "preset: default: a whole conversation with a container passes, and what it publishes no more is dropped by nobody",
      ({ laboratory }) => {
        laboratory.firewall.nft(published)
        laboratory.firewall.nft(renderNft(compiled("preset: default", laboratoryFacts)).text)
        const referee = createReferee(laboratory)
        const writer = new ActWriter(new Numbers())
        // The two ends know each other by different addresses: what the client calls here:8080 is inside:80.
        const client = { side: "outside" as const, address: world.outside(2), port: 4000 }
        const front = new TcpSession(writer, client, { side: "firewall", address: world.here, port: 8080 })
        const back = new TcpSession(
          writer,
          { ...client, side: "firewall" },
          { side: "inside", address: world.inside, port: 80 },
        )
        for (const session of [front, back]) session.open().data("client", 300).data("server", 3000).close()
        // Step for step; of each step the laboratory sends the one that an end sends, and the firewall's kernel makes the other of it.
        const half = writer.frames.length / 2
        play(
          laboratory,
          writer.frames.slice(0, half).flatMap((frame, step) => [frame, writer.frames[half + step]!]),
          referee,
        )
        const rulings = referee.finish().filter(({ own, ruling }) => !own && ruling)
        expect(rulings.length).toBeGreaterThan(8)
        expect(rulings.filter(({ ruling }) => !ruling!.passed.has("forward"))).toEqual([])
        expect(new Set(rulings.map(({ ruling }) => ruling!.state))).toEqual(new Set(["new", "established"]))
      },
    )
  })

kernelTest(
  "hairpin: a host inside that dials the published port is not the world's business",
  ({ laboratory }) => {
    laboratory.firewall.nft(published)
    laboratory.firewall.nft(renderNft(compiled("open: [443/tcp]", laboratoryFacts)).text)
    const referee = createReferee(laboratory)
    const writer = new ActWriter(new Numbers())
    const [world] = worlds
    writer.packet("inside", {
      source: world!.inside,
      destination: world!.here,
      tcp: { sourcePort: 4000, destinationPort: 8080, flags: SYN, maximumSegmentSize: 1460 },
    })
    play(laboratory, writer.frames, referee)
    const [dial] = referee.finish().filter(({ frame }) => frame.device === "lan0" && frame.direction === "in")
    expect(dial?.ruling?.state).toBe("new")
    expect(dial?.ruling?.passed.has("forward")).toBe(true)
  },
)
