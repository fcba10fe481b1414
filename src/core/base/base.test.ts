import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { compareAddresses, parseAddress, printAddress } from "./address.js"
import { isProblem, type Problem } from "./diagnostic.js"
import { parseDuration, printDuration } from "./duration.js"
import { shortHash } from "./hash.js"
import { distance, nearest } from "./nearest.js"
import { parsePorts, printPorts, serviceName } from "./ports.js"
import {
  contains,
  isPrefix,
  lastAddress,
  maskWords,
  overlaps,
  parsePrefix,
  printPrefix,
  unmapped,
} from "./prefix.js"
import { intervalNanoseconds, parseRate, printRate } from "./rate.js"
import { services } from "./services.js"

/** What a parser made of a text: the print of its value, or the problem. */
function said<Value>(value: Value | Problem, print: (value: Value) => string): string {
  return isProblem(value) ? [value.id, value.message, value.hint].filter(Boolean).join(" | ") : print(value)
}

const word = fc.integer({ min: 0, max: 0xffffffff })
/** Words with runs of zeros, so that `::` is met. */
const sparse = fc.oneof(fc.constant(0), word, fc.integer({ min: 0, max: 0xffff }))

describe("address", () => {
  const printed = (text: string) => {
    const address = parseAddress(text)
    return address ? printAddress(address) : "-"
  }

  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["fe80::", "fe80::"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ])("%s prints as %s", (text, expected) => expect(printed(text)).toBe(expected))

  test.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "01.2.3.4",
    "0x7f.1.1.1",
    "256.1.1.1",
    "127.1",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "fe80::1%eth0",
    "12345::",
    "1.2.3.4::",
    "::1.2.3",
    "1:2:3:4:5:6:7:1.2.3.4",
    " 1.2.3.4",
  ])("%j is not an address", (text) => expect(printed(text)).toBe("-"))

  test("what is printed is read again, and printed the same", () => {
    fc.assert(
      fc.property(fc.tuple(sparse, sparse, sparse, sparse), (words) => {
        const six = { family: 6, words } as const
        const four = { family: 4, words: [words[0]] } as const
        expect(parseAddress(printAddress(six))).toEqual(six)
        expect(parseAddress(printAddress(four))).toEqual(four)
        expect(compareAddresses(four, six)).toBeLessThan(0)
      }),
    )
  })

  test("no text makes it throw", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."0123456789abcf:./") }),
        (text) => void parsePrefix(text),
      ),
    )
  })
})

describe("prefix", () => {
  test.each([
    ["192.0.2.0/24", "192.0.2.0/24"],
    ["192.0.2.7", "192.0.2.7"],
    ["192.0.2.7/32", "192.0.2.7"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["2001:db8::/47", "2001:db8::/47"],
    ["::1/128", "::1"],
    [
      "192.0.2.7/24",
      "host-bits-set | 192.0.2.7/24 has bits set behind its length | the network is 192.0.2.0/24, the host is 192.0.2.7",
    ],
    ["192.0.2.0/33", 'bad-prefix-length | "/33" is not a prefix length of an IPv4 address (0 to 32)'],
    ["192.0.2.0/024", 'bad-prefix-length | "/024" is not a prefix length of an IPv4 address (0 to 32)'],
    ["192.0.2/24", 'not-an-address | "192.0.2" is not an IPv4 or IPv6 address'],
  ])("%s", (text, expected) => expect(said(parsePrefix(text), printPrefix)).toBe(expected))

  test.each([
    ["10.0.0.0/8", "10.255.255.255", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["10.0.0.0/8", "10.1.0.0/16", true],
    ["10.1.0.0/16", "10.0.0.0/8", false],
    ["0.0.0.0/0", "255.0.0.1", true],
    ["0.0.0.0/0", "::1", false],
    ["2001:db8::/33", "2001:db8:7fff::1", true],
    ["2001:db8::/33", "2001:db8:8000::1", false],
  ])("%s contains %s: %s", (outer, inner, expected) => {
    const [left, right] = [parsePrefix(outer), parsePrefix(inner)]
    if (!isPrefix(left) || !isPrefix(right)) throw new Error("not a prefix")
    expect(contains(left, right)).toBe(expected)
    expect(overlaps(left, right)).toBe(expected || contains(right, left))
  })

  test.each([
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.0/120", "192.0.2.0/24"],
    ["::ffff:0:0/96", "0.0.0.0/0"],
    ["::fffe:0:0/95", "::fffe:0:0/95"],
    ["::ffff:0:192.0.2.7", "::ffff:0:c000:207"],
    ["64:ff9b::192.0.2.7", "64:ff9b::c000:207"],
    ["192.0.2.7", "192.0.2.7"],
  ])("%s stands for %s", (text, expected) => {
    const prefix = parsePrefix(text)
    expect(isPrefix(prefix) && printPrefix(unmapped(prefix))).toBe(expected)
  })

  test("masks and last addresses", () => {
    expect(maskWords(33, 4)).toEqual([0xffffffff, 0x80000000, 0, 0])
    const prefix = parsePrefix("2001:db8::/33")
    expect(isPrefix(prefix) && printAddress(lastAddress(prefix))).toBe(
      "2001:db8:7fff:ffff:ffff:ffff:ffff:ffff",
    )
  })
})

test.each([
  ["22", "22"],
  ["23/tcp", "23/tcp"],
  ["8000-8100/udp", "8000-8100/udp"],
  ["8000:8100", "8000-8100"],
  ["SSH", "22/tcp"],
  ["dns", "53"],
  ["dns/udp", "53/udp"],
  ["0", "0"],
  ["65536", "not-a-port | a port is at most 65535, not 65536"],
  ["9-8", "not-a-port | the range 9-8 runs backwards"],
  ["htpt", 'not-a-port | "htpt" is not a port or the name of a service | did you mean "http"?'],
  ["22/sctp", 'not-a-port | "22/sctp" is not a port | behind the slash stands tcp or udp: 53/udp'],
  ["", 'not-a-port | "" is not a port or the name of a service'],
])("port %j", (text, expected) => expect(said(parsePorts(text), printPorts)).toBe(expected))

test("services: at least 120, each a port that its name leads to", () => {
  expect(services.size).toBeGreaterThanOrEqual(120)
  for (const [name, service] of services) {
    expect(parsePorts(name)).toEqual({ from: service.port, to: service.port, protocols: service.protocols })
    expect(services.get(serviceName(service.port, service.protocols[0]!)!)?.port).toBe(service.port)
  }
  expect(serviceName(443, "udp")).toBe("quic")
  expect(serviceName(4444, "tcp")).toBeUndefined()
})

test.each([
  ["200/second", "200/second", 5e6],
  ["5/min", "5/minute", 12e9],
  ["1/s", "1/second", 1e9],
  ["7 / sec", "7/second", 142857142],
  ["3/m", "3/minute", 20e9],
  ["60/h", "60/hour", 60e9],
  ["1/week", "1/week", 604800e9],
  ["2/D", "2/day", 43200e9],
  ["5/mnute", 'not-a-rate | "mnute" is not a unit of time for a rate | did you mean "minute"?', 0],
  ["5", 'not-a-rate | "5" is not a rate | write it as 200/second or 5/minute', 0],
  ["0/s", "not-a-rate | a rate is from 1 to 1000000000 a second, not 0", 0],
  ["-1/s", 'not-a-rate | "-1/s" is not a rate | write it as 200/second or 5/minute', 0],
])("rate %s", (text, expected, interval) => {
  const rate = parseRate(text)
  expect(said(rate, printRate)).toBe(expected)
  expect(isProblem(rate) ? 0 : intervalNanoseconds(rate)).toBe(interval)
})

test.each([
  ["10m", "10m", 600e9],
  ["6h", "6h", 21600e9],
  ["300s", "5m", 300e9],
  ["1h30m", "1h30m", 5400e9],
  ["1w", "7d", 604800e9],
  ["500ms", "500ms", 5e8],
  ["ever", "ever", Number.POSITIVE_INFINITY],
  ["10", 'not-a-duration | "10" has no unit | write 10s for seconds or 10m for minutes', 0],
  ["30m1h", 'not-a-duration | "30m1h" is not a duration | write it as 300s, 10m, 1h30m, 7d or ever', 0],
  ["", 'not-a-duration | "" is not a duration | write it as 300s, 10m, 1h30m, 7d or ever', 0],
  ["0s", "not-a-duration | a duration is from 1ms to 3650d, or ever, not 0s", 0],
  ["9999d", "not-a-duration | a duration is from 1ms to 3650d, or ever, not 9999d", 0],
])("duration %j", (text, expected, nanoseconds) => {
  const duration = parseDuration(text)
  expect(said(duration, printDuration)).toBe(expected)
  expect(isProblem(duration) ? 0 : duration).toBe(nanoseconds)
})

test("durations print as what they are read from", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3650 * 86400 * 1000 }), (milliseconds) => {
      expect(parseDuration(printDuration(milliseconds * 1e6))).toBe(milliseconds * 1e6)
    }),
  )
})

test.each([
  ["fragmnets", "fragments"],
  ["sny-floods", "syn-floods"],
  ["SSH", "ssh"],
  ["zzzzzz", undefined],
])("nearest to %s: %s", (word, expected) => {
  expect(nearest(word, ["ssh", "fragments", "syn-floods", "icmp-floods"])).toBe(expected)
})

test("a swap of neighbours is one slip", () => {
  expect(distance("ab", "ba")).toBe(1)
  expect(distance("kitten", "sitting")).toBe(3)
})

test("shortHash stays the same everywhere, and tells texts apart", () => {
  // FNV-1a's published values: "" 811c9dc5, "a" e40c292c, "foobar" bf9cf968.
  expect(["", "a", "foobar"].map((text) => Number.parseInt(shortHash(text), 36).toString(16))).toEqual([
    "811c9dc5",
    "e40c292c",
    "bf9cf968",
  ])
  const names = new Set(Array.from({ length: 10_000 }, (_, index) => shortHash(`${index}/second burst 5`)))
  expect(names.size).toBe(10_000)
})
