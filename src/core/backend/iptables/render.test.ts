import fc from "fast-check"
import { expect, test } from "vitest"
import { hasErrors } from "../../base/diagnostic.js"
import { accept, drop, is, tcp } from "../../ruleset/build.js"
import type { Ruleset } from "../../ruleset/ruleset.js"
import { readIptables } from "./read.js"
import { renderIptables } from "./render.js"

const octet = fc.nat(255)
const address = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join("."))
const network = fc.tuple(address, fc.nat(32)).map(([host, length]) => `${host}/${length}`)
const port = fc.nat(65535)
const not = fc.constantFrom("", "! ")
const words = (...parts: readonly (string | fc.Arbitrary<unknown>)[]) =>
  fc
    .tuple(...parts.map((part) => (typeof part === "string" ? fc.constant(part) : part)))
    .map((texts) => texts.join(""))
const number = (maximum: number) => fc.nat(maximum)
const text = fc.string({ unit: fc.constantFrom(..."ab 'x\"\\.$#!-é"), minLength: 1, maxLength: 20 })
const quoted = text.map((word) => `"${word.replaceAll(/["\\]/g, "\\$&")}"`)

/** At most one of each, in this order. */
const header = [
  words(not, "-s ", network),
  words(not, "-d ", address),
  words(not, "-i ", fc.constantFrom("eth0", "ppp+", "a.b")),
  words(not, "-o wlan1"),
]
const protocols = fc.constantFrom("", "-p tcp", "-p udp", "! -p tcp", "-p icmp", "-p 47")

const matches = fc.oneof(
  words("-m comment --comment ", quoted),
  words(
    "-m limit --limit ",
    fc.integer({ min: 1, max: 9000 }),
    "/",
    fc.constantFrom("s", "min", "hour", "day"),
    " --limit-burst ",
    fc.integer({ min: 1, max: 30 }),
  ),
  words("-m mark ", not, "--mark ", number(0xffffffff), "/", number(0xffffffff)),
  words("-m conntrack ", not, "--ctstate ", fc.constantFrom("NEW", "RELATED,ESTABLISHED", "DNAT,INVALID")),
  words("-m conntrack ", not, "--ctorigsrc ", network, " --ctorigdstport ", port),
  words(
    "-m hashlimit --hashlimit-",
    fc.constantFrom("upto", "above"),
    " ",
    // Slower ones have a burst that the kernel has no room for.
    fc.integer({ min: 10, max: 5000 }),
    "/",
    fc.constantFrom("s", "min", "day"),
    " --hashlimit-mode ",
    fc.constantFrom("srcip", "dstip,srcport"),
    " --hashlimit-name n",
  ),
  words(
    "-m hashlimit --hashlimit-upto ",
    fc.integer({ min: 1, max: 4000 }),
    fc.constantFrom("kb/s", "b/s", "mb/s"),
    " --hashlimit-name n",
  ),
  words(
    "-m recent ",
    not,
    fc.constantFrom("--rcheck", "--update"),
    " --seconds ",
    fc.integer({ min: 1, max: 1000 }),
    " --hitcount ",
    fc.integer({ min: 1, max: 100 }),
  ),
  words("-m string --algo bm ", not, "--string ", quoted, " --from ", number(40)),
  words("-m iprange ", not, "--src-range ", address, "-", address),
  words("-m length ", not, "--length ", number(100), ":", fc.integer({ min: 100, max: 65535 })),
  words("-m ttl --ttl-", fc.constantFrom("eq ", "lt ", "gt "), number(255)),
  words("-m tos ", not, "--tos ", number(255), "/", number(255)),
  words(
    "-m statistic --mode random ",
    not,
    "--probability ",
    fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value.toFixed(8)),
  ),
  words(
    "-m u32 --u32 ",
    number(99),
    "&",
    number(0xffffffff),
    ">>",
    number(31),
    "@",
    number(9),
    "=",
    number(9),
    ":",
    fc.integer({ min: 10, max: 99 }),
  ),
  words(
    "-m time --timestart 08:00 --timestop 1",
    number(9),
    ":30 ",
    not,
    "--weekdays ",
    fc.constantFrom("Mon", "6,7", "Tu,We"),
  ),
  words("-m addrtype ", not, "--dst-type ", fc.constantFrom("LOCAL", "UNICAST,MULTICAST")),
  words("-m connlimit --connlimit-above ", number(100), " --connlimit-mask ", number(32)),
  words("-m quota ", not, "--quota ", fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn })),
  words("-m pkttype ", not, "--pkt-type mcast"),
  words("-m nobody --knows ! --me ", number(9)),
)

const targets = fc.oneof(
  fc.constantFrom("", "-j ACCEPT", "-j DROP", "-j RETURN", "-j own", "-g own", "-j REJECT", "-j QUEUE"),
  words("-j LOG --log-prefix ", quoted, " --log-level ", number(7)),
  words("-j NFLOG --nflog-group ", number(65535), " --nflog-prefix ", quoted),
  words("-j MARK --set-mark ", number(0xffffffff), "/", number(0xffffffff)),
  words("-j CONNMARK --", fc.constantFrom("save", "restore"), "-mark --nfmask ", number(0xffffffff)),
  words("-j NFQUEUE --queue-num ", number(65535)),
)

const rule = fc
  .tuple(
    fc.tuple(...header.map((each) => fc.option(each, { nil: "" }))),
    protocols,
    fc.array(matches, { maxLength: 4 }),
    targets,
  )
  .map(([heads, protocol, asked, target]) =>
    [...heads, protocol, ...asked, target].filter((word) => word !== "").join(" "),
  )

/** Without the places that things come from, and without who said what: iptables-save prints what nobody wrote. */
function plain(ruleset: Ruleset) {
  return JSON.parse(
    JSON.stringify(ruleset, (key, value: unknown) =>
      key === "origin" || key === "unsaid" ? undefined : value,
    ),
  ) as unknown
}

test("reading what was printed gives the same rules, and printing them the same text", () => {
  let read = 0
  fc.assert(
    fc.property(fc.array(rule, { minLength: 1, maxLength: 6 }), (rules) => {
      const lines = rules.map((each) => `-A FORWARD ${each}\n`).join("")
      const first = readIptables({ path: "a", text: `*filter\n:own - [0:0]\n${lines}COMMIT\n` }, 4)
      expect(first.diagnostics.filter(({ severity }) => severity === "error")).toEqual([])
      const printed = renderIptables(first.ruleset, 4)
      const second = readIptables({ path: "b", text: printed.text }, 4)
      expect(hasErrors(second.diagnostics)).toBe(false)
      expect(plain(second.ruleset)).toEqual(plain(first.ruleset))
      expect(renderIptables(second.ruleset, 4)).toEqual({ ...printed })
      read += rules.length
    }),
    { numRuns: 100 },
  )
  expect(read).toBeGreaterThan(100)
})

test("tables of others are said in iptables' words first", () => {
  const origin = { span: { file: "a", line: 1, column: 1 }, text: "" }
  const ruleset: Ruleset = {
    tables: [
      {
        family: "inet",
        name: "t",
        sets: [],
        chains: [
          {
            name: "in",
            base: { type: "filter", hook: "input", priority: 0, policy: "drop" },
            rules: [
              {
                steps: [is({ expression: "meta", key: "l4proto" }, 6), is(tcp("dport"), 22), accept],
                origin,
              },
              { steps: [drop], origin },
            ],
          },
        ],
      },
    ],
  }
  const { text: printed, diagnostics } = renderIptables(ruleset, 6)
  expect(diagnostics).toEqual([])
  expect(printed).toContain("*filter\n:INPUT DROP [0:0]\n")
  expect(printed).toContain("-A INPUT -p tcp -m tcp --dport 22")
  expect(printed).toContain("-j DROP\nCOMMIT\n")
})
