/**
 * Messages of netfilter's netlink families, written and read: a header in the machine's byte order (linux/netlink.h), four bytes that say whose the message is
 * (struct nfgenmsg), then attributes, whose numbers stand in network order. Everything is aligned to four bytes.
 */

export const NLM_F_REQUEST = 1
export const NLM_F_ACK = 4
export const NLM_F_DUMP = 0x300
export const NLM_F_CREATE = 0x400
export const NLM_F_APPEND = 0x800

/** Types below this are netlink's own. */
const NLMSG_MIN_TYPE = 0x10
export const NLMSG_ERROR = 2
export const NLMSG_DONE = 3
export const NLMSG_OVERRUN = 4

/** An answer that other changes ran into: what was read may have holes. */
export const NLM_F_DUMP_INTR = 0x10

const HEADER = 16
/** struct nlmsghdr and struct nfgenmsg. */
export const BODY = 20
const NESTED = 0x8000
const TYPE_MASK = 0x3fff

export interface MessageWriter {
  /** Begins a message: `type` with its subsystem in the upper byte. */
  begin(type: number, flags: number, family: number, resource?: number): void
  end(): void
  u8(attribute: number, value: number): void
  u16(attribute: number, value: number): void
  u32(attribute: number, value: number): void
  u64(attribute: number, value: bigint): void
  /** With its ending zero. */
  text(attribute: number, value: string): void
  bytes(attribute: number, value: Uint8Array): void
  /** Room for attributes that the caller writes into `view` himself: where it begins. Its length is a multiple of four; `view` may be another one after each call. */
  reserve(length: number): number
  readonly view: DataView
  /** Attributes written until `close` are inside this one. */
  open(attribute: number): void
  close(): void
  /** Bytes written so far. */
  readonly length: number
  /** A view of what was written, good until the next `begin` or `clear`. */
  written(): Uint8Array
  clear(): void
}

export function messageWriter(capacity = 4096): MessageWriter {
  let view = new DataView(new ArrayBuffer(capacity))
  let whole = new Uint8Array(view.buffer)
  let at = 0
  let start = 0
  let sequence = 0
  const nested: number[] = []

  const room = (length: number) => {
    if (at + length <= view.byteLength) return
    const larger = new Uint8Array(Math.max(view.byteLength * 2, at + length))
    larger.set(whole)
    view = new DataView(larger.buffer)
    whole = larger
  }
  const attribute = (kind: number, length: number): number => {
    const size = align(4 + length)
    room(size)
    view.setUint16(at, 4 + length, true)
    view.setUint16(at + 2, kind, true)
    for (let byte = at + 4 + length; byte < at + size; byte++) view.setUint8(byte, 0)
    const value = at + 4
    at += size
    return value
  }

  return {
    begin(type, flags, family, resource = 0) {
      room(BODY)
      start = at
      view.setUint32(at, 0, true)
      view.setUint16(at + 4, type, true)
      view.setUint16(at + 6, flags, true)
      view.setUint32(at + 8, ++sequence, true)
      view.setUint32(at + 12, 0, true)
      view.setUint8(at + 16, family)
      view.setUint8(at + 17, 0)
      view.setUint16(at + 18, resource)
      at += BODY
    },
    end: () => view.setUint32(start, at - start, true),
    u8(kind, value) {
      const at = attribute(kind, 1)
      view.setUint8(at, value)
    },
    u16(kind, value) {
      const at = attribute(kind, 2)
      view.setUint16(at, value)
    },
    u32(kind, value) {
      const at = attribute(kind, 4)
      view.setUint32(at, value)
    },
    u64(kind, value) {
      const at = attribute(kind, 8)
      view.setBigUint64(at, value)
    },
    text(kind, value) {
      copy(kind, Buffer.from(`${value}\0`))
    },
    bytes: copy,
    reserve(length) {
      room(length)
      at += length
      return at - length
    },
    get view() {
      return view
    },
    open(kind) {
      nested.push(at)
      attribute(kind | NESTED, 0)
    },
    close() {
      const from = nested.pop()
      if (from !== undefined) view.setUint16(from, at - from, true)
    },
    get length() {
      return at
    },
    written: () => new Uint8Array(view.buffer, 0, at),
    clear() {
      at = 0
    },
  }

  function copy(kind: number, value: Uint8Array): void {
    const at = attribute(kind, value.length)
    // The buffer may have moved to make room.
    whole.set(value, at)
  }
}

/** A message as it lies in the receive buffer: good until the next receive. */
export interface Message {
  readonly view: DataView
  readonly bytes: Uint8Array
  readonly type: number
  readonly flags: number
  /** Who asked for it: a socket's number, 0 where nobody did. */
  readonly port: number
  /** Where the message begins and ends. */
  readonly from: number
  readonly end: number
}

/** Calls `each` for every message in `length` bytes, from where they begin. What is cut off ends it. */
export function readMessages(
  view: DataView,
  bytes: Uint8Array,
  length: number,
  each: (message: Message) => void,
  start = 0,
): void {
  for (let from = start; from + HEADER <= start + length; ) {
    const size = view.getUint32(from, true)
    if (size < HEADER || from + size > start + length) return
    each({
      view,
      bytes,
      type: view.getUint16(from + 4, true),
      flags: view.getUint16(from + 6, true),
      port: view.getUint32(from + 12, true),
      from,
      end: from + size,
    })
    from += align(size)
  }
}

/** Where the value of an attribute lies, and how long it is. */
export type EachAttribute = (kind: number, at: number, length: number) => void

/** Calls `each` for every attribute between two places; `BODY` behind a message's beginning is where its first one stands. */
export function readAttributes(view: DataView, from: number, end: number, each: EachAttribute): void {
  for (let at = from; at + 4 <= end; ) {
    const size = view.getUint16(at, true)
    if (size < 4 || at + size > end) return
    each(view.getUint16(at + 2, true) & TYPE_MASK, at + 4, size - 4)
    at += align(size)
  }
}

/** A text attribute without its ending zero. */
export function textAt(bytes: Uint8Array, at: number, length: number): string {
  let end = at
  while (end < at + length && bytes[end] !== 0) end++
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, end - at).toString("latin1")
}

export function isNetlinksOwn(type: number): boolean {
  return type < NLMSG_MIN_TYPE
}

function align(length: number): number {
  return (length + 3) & ~3
}
