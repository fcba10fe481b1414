import { expect, test } from "vitest"
import { closedPolicy, find, handshake, lines, openPolicy } from "../guard/find-fixture.js"

const syn = (source: string, port: number, target = "192.0.2.1", index = 0, step = "+0.1s") =>
  `${step} in eth0 ${source}:${1024 + index} > ${target}:${port} S seq ${index}`

/** What is found: kind, how many sources, what is done. */
const found = (script: string, policy = closedPolicy) =>
  find(script, policy).map(({ kind, sourceCount, action, manySources }) =>
    [kind, manySources ? sourceCount : "one", action].join(" "),
  )

const far = (index: number) => `203.${index}.113.9`
const near = (index: number) => `203.0.113.${index + 1}`

// Of a network, the first of whom it comes is nobody yet: one less is counted on.
test.each([
  {
    title: "ten of ten networks with ten ports each, one after the other",
    script: lines(100, (index) => syn(far(Math.floor(index / 10)), 2000 + index, "192.0.2.1", index)),
    kinds: ["distributed-port-scan 4 notify"],
  },
  {
    title: "ten that take turns",
    script: lines(100, (index) => syn(far(index % 10), 2000 + index, "192.0.2.1", index)),
    kinds: ["distributed-port-scan 10 notify"],
  },
  {
    title: "twenty that take turns, five ports each",
    script: lines(100, (index) => syn(far(index % 20), 2000 + index, "192.0.2.1", index)),
    kinds: ["distributed-port-scan 20 notify"],
  },
  {
    title: "a whole /24, a port each",
    script: lines(60, (index) => syn(near(index), 2000 + index, "192.0.2.1", index)),
    kinds: ["network-port-scan 39 notify"],
  },
  {
    title: "a /24, one port of many hosts",
    script: lines(60, (index) =>
      syn(near(index % 8), 445, `10.0.1.${index}`, index).replace("in eth0", "in eth0 out eth1"),
    ),
    kinds: ["network-port-scan 8 notify"],
  },
  {
    title: "a /48, a /64 each",
    script: lines(60, (index) =>
      syn(`[2001:db8:7:${index % 5}::${index + 1}]`, 2000 + index, "[2001:db8:1::1]", index),
    ),
    kinds: ["network-port-scan 39 notify"],
  },
  {
    title: "nothing is dropped, and each port answers with a reset",
    script: lines(
      100,
      (index) => `${syn(far(index % 10), 2000 + index, "192.0.2.1", index)}
        out eth0 192.0.2.1:${2000 + index} > ${far(index % 10)}:${1024 + index} R. ack ${index + 1}`,
    ),
    policy: openPolicy,
    kinds: ["distributed-port-scan 10 notify"],
  },
])("told: $title", ({ script, kinds, policy }) => {
  expect(found(script, policy)).toEqual(kinds)
})

test.each([
  {
    title: "what strikes every host of the internet: a hundred strangers, a port or two each",
    script: lines(200, (index) =>
      syn(far(index % 100), (index * 7919) % 10_000, "192.0.2.1", index, "+0.3s"),
    ),
  },
  {
    title: "thirty of ten ports each, too slowly",
    script: lines(300, (index) => syn(far(index % 30), 2000 + index, "192.0.2.1", index, "+5s")),
  },
  {
    title: "the visitors of a page, whose server has no other ports",
    script: lines(400, (index) => handshake(`${far(index % 100)}:${2000 + index}`)),
  },
  {
    title: "a hundred peers of a swarm that has gone",
    script: lines(300, (index) => syn(far(index % 100), 51413, "192.0.2.1", index)),
  },
  {
    title: "two of one office, each with fifteen ports that are closed here",
    script: lines(30, (index) => syn(near(index % 2), 2000 + index, "192.0.2.1", index)),
  },
  {
    title: "a content network's edges ask a hundred hosts for the same closed port, once each",
    script: lines(39, (index) =>
      syn(near(index), 8443, `10.0.1.${index}`, index).replace("in eth0", "in eth0 out eth1"),
    ),
  },
])("not told: $title", ({ script, policy }: { script: string; policy?: string }) => {
  expect(found(script, policy)).toEqual([])
})

test("a scanner is told once, and is no company", () => {
  const script = lines(200, (index) => syn(far(0), 2000 + index, "192.0.2.1", index))
  expect(found(script)).toEqual(["vertical-syn-scan one block"])
})

test("it is left out where the policy says so", () => {
  const script = lines(60, (index) => syn(near(index), 2000 + index, "192.0.2.1", index))
  const but = (words: string) => `${closedPolicy}\ndetect: { distributed-port-scan: ${words} }`
  expect(found(script, but("{ limit: more than 39 in 60s, for: { 203.0.113.0/24: off } }"))).toEqual([])
  expect(found(script, but("more than 60 in 60s"))).toEqual([])
  expect(found(script, but("more than 9 in 60s"))).toEqual(["network-port-scan 9 notify"])
})
