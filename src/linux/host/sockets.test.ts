import { expect, test } from "vitest"
import { parseSshConnection } from "./sessions.js"
import { liveConnections, parseSockets, printEndpoint } from "./sockets.js"

/** As a little-endian machine prints them. */
const heading =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
const tcp = `${heading}
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1066 1 0 100 0 0 10 0
   1: 010200C0:0016 020200C0:C350 01 00000000:00000000 02:00000A5C 00000000     0        0 2001 2 0 20 4 30 10 -1
   2: 0100007F:0016 0100007F:C351 01 00000000:00000000 02:00000A5C 00000000     0        0 2002 2 0 20 4 30 10 -1
   3: 010200C0:0016 020200C0:C352 06 00000000:00000000 03:00000A5C 00000000     0        0 0 3 0
`
const tcp6 = `${heading}
   0: B80D0120000001000000000001000000:0016 B80D0120000001000000000002000000:C353 01 00000000:00000000 00:00000000 00000000  0  0 3001 1 0
   1: 0000000000000000FFFF0000010200C0:0016 0000000000000000FFFF0000020200C0:C354 08 00000000:00000000 00:00000000 00000000  0  0 3002 1 0
`

const printed = (text: string) =>
  parseSockets(text).map(
    ({ local, remote, state, inode }) =>
      `${printEndpoint(local)} ${printEndpoint(remote)} state ${state} inode ${inode}`,
  )

test("/proc/net/tcp is read, IPv4-mapped addresses as the IPv4 that is on the wire", () => {
  expect(printed(tcp)).toEqual([
    "0.0.0.0:22 0.0.0.0:0 state 10 inode 1066",
    "192.0.2.1:22 192.0.2.2:50000 state 1 inode 2001",
    "127.0.0.1:22 127.0.0.1:50001 state 1 inode 2002",
    "192.0.2.1:22 192.0.2.2:50002 state 6 inode 0",
  ])
  expect(printed(tcp6)).toEqual([
    "[2001:db8:1::1]:22 [2001:db8:1::2]:50003 state 1 inode 3001",
    "192.0.2.1:22 192.0.2.2:50004 state 8 inode 3002",
  ])
})

test("connections that are alive: neither listeners nor loopback nor those that only wait to be forgotten", () => {
  const alive = liveConnections([...parseSockets(tcp), ...parseSockets(tcp6)])
  expect(alive.map(({ inode }) => inode)).toEqual([2001, 3001, 3002])
})

test("SSH_CONNECTION is read, and what is not one is nothing", () => {
  const session = parseSshConnection("fe80::1%eth0 50000 fe80::2%eth0 22")
  expect(session && [printEndpoint(session.remote), printEndpoint(session.local)]).toEqual([
    "[fe80::1]:50000",
    "[fe80::2]:22",
  ])
  expect(parseSshConnection(undefined)).toBeUndefined()
  expect(parseSshConnection("UNKNOWN 65535 UNKNOWN 65535")).toBeUndefined()
})
