import fc from "fast-check"
import { expect, test } from "vitest"
import { isProblem } from "../base/diagnostic.js"
import { parsePrefix } from "../base/prefix.js"
import { type PhraseNames, parsePhrase, printPhrase } from "./phrase.js"

const names: PhraseNames = {
  zones: ["wan", "lan"],
  addresses(text) {
    const prefix = parsePrefix(text)
    return isProblem(prefix) ? prefix : [prefix]
  },
}

function table(...texts: string[]): string {
  const read = (text: string) => {
    const phrase = parsePhrase(text, names)
    if (!isProblem(phrase)) return printPhrase(phrase)
    return `${phrase.message} [${phrase.id}]${phrase.hint ? `; ${phrase.hint}` : ""}`
  }
  return texts.map((text) => `${text.padEnd(40)} ${read(text)}`).join("\n")
}

test("phrases", () => {
  expect(
    table(
      "in",
      "out tcp port 80",
      "in on wan port ssh, http",
      "in udp from 192.0.2.1,2001:db8::/32 to 198.51.100.0/24",
      "in to 192.0.2.1 icmp on lan",
      "in port 53",
      "in port 5000-5010/udp",
    ),
  ).toMatchInlineSnapshot(`
    "in                                       in
    out tcp port 80                          out tcp port 80
    in on wan port ssh, http                 in on wan tcp port 22,80
    in udp from 192.0.2.1,2001:db8::/32 to 198.51.100.0/24 in udp from 192.0.2.1,2001:db8::/32 to 198.51.100.0/24
    in to 192.0.2.1 icmp on lan              in on lan icmp to 192.0.2.1
    in port 53                               in port 53
    in port 5000-5010/udp                    in udp port 5000-5010"
  `)
})

test("what is no phrase", () => {
  expect(
    table(
      "",
      "both tcp",
      "in on wam",
      "in icmpv6",
      "in dport 80",
      "in tcp prot 80",
      "in from",
      "in tcp udp",
      "in port 80 port 81",
      "in port http/sctp",
      "in icmp port 3",
      "in tcp port 53/udp",
      "in from 192.0.2.0/8",
      "in constructor",
      "in on __proto__",
    ),
  ).toMatchInlineSnapshot(`
    "                                         "" stands where in or out should [not-a-phrase]; a packet is written in|out [on ZONE] [tcp|udp|icmp] [port P] [from A] [to A]
    both tcp                                 "both" stands where in or out should [not-a-phrase]; a packet is written in|out [on ZONE] [tcp|udp|icmp] [port P] [from A] [to A]
    in on wam                                "wam" is not a zone [unknown-zone]; did you mean "wan"?
    in icmpv6                                "icmpv6" is not a word of a packet phrase [not-a-phrase]; write icmp
    in dport 80                              "dport" is not a word of a packet phrase [not-a-phrase]; write port
    in tcp prot 80                           "prot" is not a word of a packet phrase [not-a-phrase]; did you mean "port"?
    in from                                  nothing stands behind from [not-a-phrase]; a packet is written in|out [on ZONE] [tcp|udp|icmp] [port P] [from A] [to A]
    in tcp udp                               udp is a second protocol [not-a-phrase]; a phrase for each
    in port 80 port 81                       port stands twice [not-a-phrase]; lists have commas: port 80,443
    in port http/sctp                        "http/sctp" is not a port [not-a-port]; behind the slash stands tcp or udp: 53/udp
    in icmp port 3                           icmp has no ports [not-a-phrase]; leave port out, or say tcp or udp
    in tcp port 53/udp                       port 53/udp is udp, the phrase says tcp [not-a-phrase]; a phrase for each protocol
    in from 192.0.2.0/8                      192.0.2.0/8 has bits set behind its length [host-bits-set]; the network is 192.0.0.0/8, the host is 192.0.2.0
    in constructor                           "constructor" is not a word of a packet phrase [not-a-phrase]; a packet is written in|out [on ZONE] [tcp|udp|icmp] [port P] [from A] [to A]
    in on __proto__                          "__proto__" is not a zone [unknown-zone]; zones are wan, lan"
  `)
})

test("printing is a normal form, and nothing throws", () => {
  const word = fc.constantFrom(
    ...[
      "in",
      "out",
      "on",
      "wan",
      "lan",
      "tcp",
      "udp",
      "icmp",
      "port",
      "80",
      "ssh,90-99",
      "53/udp",
      "from",
      "to",
    ],
    ...["192.0.2.1", "2001:db8::/32,192.0.2.7"],
  )
  let read = 0
  fc.assert(
    fc.property(fc.array(word, { maxLength: 9 }), (words) => {
      const phrase = parsePhrase(`in ${words.join(" ")}`, names)
      if (isProblem(phrase)) return
      read++
      expect(parsePhrase(printPhrase(phrase), names)).toEqual(phrase)
    }),
    { numRuns: 3000 },
  )
  expect(read).toBeGreaterThan(100)
})
