import { expect, test } from "vitest"
import { PacketEvent } from "../event/packet-event.js"
import { TCP } from "../packet/packet.js"
import { BY_SYN, ESTABLISHED, HALF_OPEN, OVER, ROOM } from "./attempt-layout.js"
import { AttemptTable } from "./attempt-table.js"

const event = new PacketEvent()
event.protocol = TCP
event.destination0 = 0xc0000201
event.destinationPort = 443

function insert(table: AttemptTable, source: number): number {
  event.source0 = source
  table.look(event)
  return table.insert(event, 1, BY_SYN)
}

function connected(table: AttemptTable, word: number): boolean {
  return table.hasEstablished({ family: 4, words: [word] })
}

test("an address has a connection from the handshake's end to the connection's, at either end", () => {
  const table = new AttemptTable()
  const slot = insert(table, 0xcb007109)
  expect(connected(table, 0xcb007109)).toBe(false)
  table.enter(slot, HALF_OPEN)
  table.enter(slot, ESTABLISHED)
  table.enter(slot, ESTABLISHED)
  expect([0xcb007109, 0xc0000201, 0xcb00710a].map((word) => connected(table, word))).toEqual([
    true,
    true,
    false,
  ])
  const other = insert(table, 0xcb00710a)
  table.enter(other, ESTABLISHED)
  table.enter(slot, OVER)
  expect([0xcb007109, 0xc0000201, 0xcb00710a].map((word) => connected(table, word))).toEqual([
    false,
    true,
    true,
  ])
})

test("a connection that the ring has pushed out is none, and nobody is waited for any more", () => {
  const table = new AttemptTable()
  table.enter(insert(table, 0xcb007109), ESTABLISHED)
  table.enter(insert(table, 0xcb00710a), HALF_OPEN)
  expect(table.mayAwait(event)).toBe(true)
  for (let at = 0; at < ROOM; at++) insert(table, 0x0a000000 + at)
  expect([0xcb007109, 0xc0000201].map((word) => connected(table, word))).toEqual([false, false])
  event.source0 = 0xcb00710a
  expect(table.mayAwait(event)).toBe(false)
})
