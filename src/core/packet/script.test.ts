import { expect, test } from "vitest"
import { printDiagnostic } from "../base/diagnostic.js"
import { decodeFrame, line, show } from "./packet-fixture.js"
import { parseScript } from "./script.js"

/** The packets of a script, printed, with their times in milliseconds; mistakes come first. */
function check(text: string): string[] {
  const { packets, diagnostics } = parseScript(text, "packets")
  const printed = packets.map(({ time, bytes, linkType, inputInterface, outputInterface }) => {
    const way = `${inputInterface && `in ${inputInterface} `}${outputInterface && `out ${outputInterface} `}`
    return `${time / 1e6}ms ${way}${line(decodeFrame(bytes, linkType))}`
  })
  return [...diagnostics.map(printDiagnostic), ...printed]
}

test("time goes on from line to line", () => {
  expect(
    check(`
      # a comment, and an empty line

      10.0.0.9:40000 > 10.0.0.1:22 S win 64240
      +0.3 in eth0 10.0.0.1:22 > 10.0.0.9:40000 SA seq 7 ack 1   # packetdrill's S. is read too
      +5ms out eth1 10.0.0.9:40000 > 10.0.0.1:22 . ack 8
      @2s in eth0 out eth1 10.0.0.9:40000 > 10.0.0.1:22 P. ack 8 "GET / HTTP/1.0\\r\\n\\r\\n"
      +7us 10.0.0.9:40000 > 10.0.0.1:22 none
    `),
  ).toEqual([
    "0ms 10.0.0.9:40000 > 10.0.0.1:22 S win 64240",
    "300ms in eth0 10.0.0.1:22 > 10.0.0.9:40000 S. seq 7 ack 1 win 64240",
    "305ms out eth1 10.0.0.9:40000 > 10.0.0.1:22 . ack 8 win 64240",
    "2000ms in eth0 out eth1 10.0.0.9:40000 > 10.0.0.1:22 P. ack 8 win 64240 len 18",
    "2000.007ms 10.0.0.9:40000 > 10.0.0.1:22 none win 64240",
  ])
})

test.each([
  ["10.0.0.9 > 10.0.0.1 icmp echo-request id 7 seq 1", ""],
  [
    "2001:db8::9 > ff02::1 icmpv6 neighbour-solicitation len 20 ttl 255",
    "2001:db8::9 > ff02::1 icmpv6 neighbour-solicitation ttl 255 len 20",
  ],
  ["[2001:db8::1]:5000 > [2001:db8::2]:53 udp len 40", ""],
  ["10.0.0.9 > 10.0.0.1 udp frag 7/1480/more len 512", ""],
  ["10.0.0.9:1 > 10.0.0.1:2 udp frag 7/0/more len 512", ""],
  ["10.0.0.9 > 10.0.0.1 proto 47 len 8", "10.0.0.9 > 10.0.0.1 gre len 8"],
  ["10.0.0.9 > 10.0.0.1 icmp type 3 code 9 rest 5", ""],
  [
    "10.0.0.9:1 > 10.0.0.1:2 FPU win 1 mss 536 sack wscale 3 ttl 9 tos 16 df",
    "10.0.0.9:1 > 10.0.0.1:2 FPU win 1 mss 536 sack wscale 3 ttl 9 tos 16 df",
  ],
  ["vlan 10.20 10.0.0.9 > 10.0.0.1 esp", ""],
  ["10.0.0.9:1 > 10.0.0.1:2 S win 64240 ip-options 94040000", ""],
  ["::9 > ::1 proto 41 ext hop-by-hop:010400000000 ext routing:040000000000", ""],
  ["vlan 10 arp who-has 10.0.0.1 tell 10.0.0.9", ""],
  ["arp reply 10.0.0.1 is-at 02:00:00:00:00:07 tell 10.0.0.9", ""],
  ["raw 10.0.0.9 > 10.0.0.1 icmp echo-reply id 1 seq 2", "10.0.0.9 > 10.0.0.1 icmp echo-reply id 1 seq 2"],
  [
    "mac 02:00:00:00:00:0a > ff:ff:ff:ff:ff:ff 10.0.0.9 > 10.0.0.1 sctp len 12",
    "10.0.0.9 > 10.0.0.1 sctp len 12",
  ],
  ["frame cooked 0004", "frame cooked 0004 # link-truncated at 0: needed 16, had 2 by the frame's length"],
  [
    "10.0.0.1 > 10.0.0.9 icmp port-unreachable quote (10.0.0.9:5000 > 10.0.0.1:53 udp len 40)",
    "10.0.0.1 > 10.0.0.9 icmp port-unreachable len 68 # about 10.0.0.9:5000 > 10.0.0.1:53 udp",
  ],
])("%s", (text, expected) => {
  expect(check(text)).toEqual([`0ms ${expected || text}`])
})

test("one line may be many packets", () => {
  expect(check("+1 10.0.0.255++:65535++ > 10.0.0.80:80 S repeat 3 every 1ms")).toEqual([
    "1000ms 10.0.0.255:65535 > 10.0.0.80:80 S win 64240",
    "1001ms 10.0.1.0:0 > 10.0.0.80:80 S win 64240",
    "1002ms 10.0.1.1:1 > 10.0.0.80:80 S win 64240",
  ])
  expect(check("[::9]:1 > [::1]:2 udp len 24 split 16 ip-id 5 repeat 2 every 1s")).toEqual([
    "0ms [::9]:1 > [::1]:2 udp udp-length 32 frag 5/0/more len 8",
    "0ms ::9 > ::1 udp frag 5/16 len 16",
    "1000ms [::9]:1 > [::1]:2 udp udp-length 32 frag 6/0/more len 8",
    "1000ms ::9 > ::1 udp frag 6/16 len 16",
  ])
})

test("checksums are good unless asked for otherwise", () => {
  const { packets } = parseScript("10.0.0.9:1 > 10.0.0.1:2 udp checksum 0x1234 ip-checksum 7\n", "packets")
  const packet = decodeFrame(packets[0]!.bytes)
  expect(packet.view.getUint16(packet.transportOffset + 6)).toBe(0x1234)
  expect(packet.view.getUint16(packet.networkOffset + 10)).toBe(7)
  expect(show(packet, "malformed")).toBe("malformed 0")
})

test.each([
  [
    "10.0.0.9:1 > 10.0.0.1:2 S lenn 3",
    ['1:27: "lenn" has no meaning here [script-word]\n  hint: did you mean "len"?'],
  ],
  [
    "  10.0.0.9 > 10.0.0.1 S",
    ["1:3: tcp needs two ports [script-ports]\n  hint: write 10.0.0.9:40000 > 10.0.0.1:22"],
  ],
  [
    "10.0.0.9:1 > 10.0.0.1:2",
    [
      "1:1: ports, but neither tcp flags nor udp [script-ports]\n  hint: write S, ., FPU, none or udp behind the addresses",
    ],
  ],
  [
    "10.0.0.9:1 > 10.0.0.1:2 tcp",
    ["1:1: tcp needs its flags [script-flags]\n  hint: write S, S., P., FPU or none"],
  ],
  ["+x 10.0.0.9 > 10.0.0.1 esp", ['1:1: "+x" is not a time [script-time]\n  hint: write +0.3, +5ms or @2s']],
  [
    "foo 10.0.0.9 > 10.0.0.1",
    [
      '1:1: "foo" is no address [script-address]\n  hint: write 10.0.0.9, 10.0.0.9:80, 2001:db8::1 or [2001:db8::1]:80',
    ],
  ],
  [
    "vlann 10 10.0.0.9 > 10.0.0.1",
    ['1:1: "vlann" is no address [script-address]\n  hint: did you mean "vlan"?'],
  ],
  ["10.0.0.9 > ::1 icmp echo-request", ["1:12: one address is IPv4, the other IPv6 [script-families]"]],
  ["10.0.0.9:70000 > 10.0.0.1:1 S", ["1:1: port 70000 is above 65535 [script-number]"]],
  ["10.0.0.9 > 10.0.0.1 esp ttl 256", ['1:29: ttl takes a number from 0 to 255, not "256" [script-number]']],
  ["10.0.0.9 > 10.0.0.1 esp ttl", ['1:25: ttl takes a number from 0 to 255, not "" [script-number]']],
  [
    "10.0.0.9 > 10.0.0.1 icmp echo-reqest",
    ['1:26: "echo-reqest" is no ICMP type [script-word]\n  hint: did you mean "echo-request"?'],
  ],
  [
    "10.0.0.9 > 10.0.0.1 udp frag 7/1481 len 1",
    [
      '1:30: "7/1481" is no fragment [script-fragment]\n  hint: write frag 7/1480/more: identification, offset in bytes (a multiple of 8), whether more follow',
    ],
  ],
  ["10.0.0.9 > 10.0.0.1 esp hex abc", ['1:29: "abc" is not made of whole hexadecimal bytes [script-hex]']],
  ['10.0.0.9 > 10.0.0.1 esp "abc', ["1:25: the text has no closing quote [script-quote]"]],
  [
    '10.0.0.9 > 10.0.0.1 esp "\u20ac"',
    ['1:25: "\u20ac" is not one byte [script-character]\n  hint: write its bytes with hex'],
  ],
  [
    "10.0.0.9 > 10.0.0.1 icmp time-exceeded quote (10.0.0.1:1 > 10.0.0.9:2 udp",
    ["1:40: the ( is never closed [script-quote]"],
  ],
  ["+1 in eth0", ["1:7: there is no packet here [script-no-packet]"]],
  ["10.0.0.9 >", ["1:10: the destination is missing [script-address]\n  hint: write SOURCE > DESTINATION"]],
  ["10.0.0.9 > 10.0.0.1 esp len 65530", ["1:1: more than 65535 bytes [script-too-large]"]],
  [
    "10.0.0.9 > 10.0.0.1 esp repeat 100000\n10.0.0.9 > 10.0.0.1 esp",
    ["2:1: more than 100000 packets [script-too-long]"],
  ],
  [
    "10.0.0.9:1 > 10.0.0.1:2 S ttl x\n\n10.0.0.9:1 > 10.0.0.1:2 udp tos y",
    [
      '1:31: ttl takes a number from 0 to 255, not "x" [script-number]',
      '3:33: tos takes a number from 0 to 255, not "y" [script-number]',
    ],
  ],
])("%s", (text, expected) => {
  const { diagnostics } = parseScript(text, "f")
  expect(diagnostics.map(printDiagnostic)).toEqual(expected.map((each) => `f:${each}`))
})

test("a line of ten thousand quotations is refused, and nothing overflows", () => {
  const { packets, diagnostics } = parseScript(
    "10.0.0.9 > 10.0.0.1 icmp time-exceeded quote (".repeat(10_000),
    "f",
  )
  expect(packets).toEqual([])
  expect(diagnostics.map(({ message }) => message)).toContain(
    "a quotation in a quotation in a quotation is enough",
  )
})

test("bytes can be quoted too", () => {
  expect(check("10.0.0.9 > 10.0.0.1 icmp time-exceeded quote (frame raw 4500)")).toEqual([
    "0ms 10.0.0.9 > 10.0.0.1 icmp time-exceeded len 2",
  ])
})

test("lines without mistake are there beside those with one", () => {
  const { packets, diagnostics } = parseScript("nonsense\n10.0.0.9 > 10.0.0.1 esp\n", "f")
  expect([packets.length, diagnostics.length]).toEqual([1, 1])
  expect(packets[0]!.span).toEqual({ file: "f", line: 2, column: 1, endLine: 2, endColumn: 24 })
  expect(packets[0]!.text).toBe("10.0.0.9 > 10.0.0.1 esp")
})
