import { expect, test } from "vitest"
import { buildPacket } from "../packet/build.js"
import { decode } from "../packet/decode.js"
import { LINKTYPE_ETHERNET } from "../packet/link-type.js"
import { Packet } from "../packet/packet.js"
import { accept, add, ctStateIn, drop, ip } from "../ruleset/build.js"
import { FragmentStore } from "./defrag/store.js"
import type { Engine, Path } from "./engine.js"
import { chain, engineOf, judgeScript, rule, table } from "./engine-fixture.js"
import { ctStateName, verdictNames } from "./verdict.js"

/** Where the engine is known to differ from the kernel (docs/model-gaps.md): today's behaviour, so that a change is seen. */

const tracking = table([chain("pre", "prerouting", -150, [rule(ctStateIn("invalid"), drop)])])

function judge(engine: Engine, bytes: Uint8Array, path: Path = "input"): string {
  const packet = new Packet()
  decode(packet, new DataView(bytes.buffer), 0, bytes.length, bytes.length, LINKTYPE_ETHERNET)
  packet.inputInterface = 1
  const { verdict, ctState } = engine.judge(packet, path)
  return `${verdictNames[verdict]} ${ctStateName(ctState)}`
}

const ends = { source: "10.0.0.9", destination: "10.0.0.1" }

test("a full conntrack table gives up an unanswered connection, not the one that the kernel would", () => {
  const engine = engineOf(tracking, { settings: { nf_conntrack_max: 4 } })
  judgeScript(engine, [1, 2, 3, 4, 5, 6].map((port) => `10.0.0.9:${port} > 10.0.0.1:80 S`).join("\n"))
  expect(engine.conntrack.table.count).toBe(4)
})

test("a full set frees the room of ended elements once a second from its first element on", () => {
  const engine = engineOf(
    table(
      [chain("in", "input", 0, [rule(add("seen", ip("saddr")), accept), rule(drop)])],
      [{ name: "seen", key: ["ipv4_addr"], flags: ["dynamic", "timeout"], size: 1, timeout: 300e6 }],
    ),
  )
  const script =
    "10.0.0.1:1 > 10.0.0.9:1 S\n+0.5 10.0.0.2:1 > 10.0.0.9:1 S\n+0.4 10.0.0.2:1 > 10.0.0.9:1 S\n+0.2 10.0.0.2:1 > 10.0.0.9:1 S"
  expect(judgeScript(engine, script).map((line) => line.split(" ")[0])).toEqual([
    "accept",
    "drop",
    "drop",
    "accept",
  ])
})

test("a waiting fragment is charged with 640 bytes and its length, a datagram with 256", () => {
  const store = new FragmentStore(1000, 30, 1)
  const queue = store.open(0)!
  store.took(queue, 100)
  expect(queue.memory).toBe(256 + 640 + 100)
  // The limit is passed by the one that meets it, as in the kernel.
  store.key[0] = 2
  expect(store.open(0)).toBeDefined()
  store.key[0] = 3
  expect(store.open(0)).toBeUndefined()
})

test("IPv4 fragments belong together however many others of their source came between", () => {
  const engine = engineOf(tracking)
  const part = (identification: number, offset: number, more: boolean) =>
    judge(
      engine,
      buildPacket({
        ...ends,
        identification,
        protocol: 17,
        payload: new Uint8Array(16),
        fragment: { offset, more },
      }),
    )
  expect(part(1, 0, true)).toBe("absorbed null")
  for (let other = 2; other < 100; other++) part(other, 0, true)
  expect(part(1, 16, false)).toMatch(/^(accept|drop) /)
})
