import { done, fail, failed, type Outcome } from "../outcome.js"
import {
  BODY,
  type Message,
  type MessageWriter,
  messageWriter,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_DUMP,
  NLM_F_DUMP_INTR,
  NLM_F_REQUEST,
  readAttributes,
} from "./message.js"
import { openNetlink } from "./socket.js"

/** A set of ours: `{ table: "floodwall", set: "blocked4" }`, in the family inet. */
export interface SetPlace {
  readonly table: string
  readonly set: string
}

/** An element to be put into a set: its key in words of 32 bits, and for intervals where the next one begins. */
export interface NewElement {
  readonly key: readonly number[]
  /** Of sets of intervals: the first key behind it; absent there: it goes on to the end of the keys. */
  readonly until?: readonly number[] | undefined
  /** Milliseconds; absent: it stays. */
  readonly timeout?: number | undefined
}

export interface ListedElement {
  readonly key: Uint8Array
  /** It ends an interval, and is none itself. */
  readonly isEnd: boolean
  /** Milliseconds until it ends; absent: it stays. */
  readonly expires?: number
  /** Milliseconds that it was given. */
  readonly timeout?: number
  /** Where the set counts. */
  readonly packets?: number
  readonly bytes?: number
}

/**
 * Changes and reads sets of nf_tables, in a batch of our own (nfnetlink, NFNL_MSG_BATCH_BEGIN to END): all of a call happens, or nothing. An element costs some microseconds; a spawned nft
 * costs four milliseconds. The kernel has done it when the call returns.
 */
export interface SetWriter {
  /** Puts elements in, with this timeout from now whether they are there or not. 0, or the kernel's errno. */
  put(place: SetPlace, elements: readonly NewElement[]): number
  /** Puts elements in that are not there; those that are keep what they have. */
  add(place: SetPlace, elements: readonly NewElement[]): number
  /** Takes elements out; ENOENT where one is not there, and nothing is changed. A transaction that fails costs 10 to 20 ms, in which the kernel waits for all processors. */
  remove(place: SetPlace, elements: readonly NewElement[]): number
  /** Sets of single keys: takes elements out that are there. ENFILE where the set is full, and nothing is changed. */
  clear(place: SetPlace, elements: readonly NewElement[]): number
  list(place: SetPlace): Outcome<readonly ListedElement[]>
  /** How many elements it has, those included that are over and were not collected yet; undefined: the kernel does not tell (before 6.17), or there is no such set. */
  count(place: SetPlace): number | undefined
  /**
   * Milliseconds until each of these ends, Infinity: it stays; undefined: one of them is not there. For each 32 kB of a listing the kernel walks through a hash set from its beginning again
   * (net/netfilter/nft_set_hash.c), so a listing of a hundred thousand takes nine times what asking for each of them does.
   */
  remaining(place: SetPlace, keys: readonly (readonly number[])[]): Float64Array | undefined
  /** Other changes through the same socket, all of them or none: 0, or the kernel's errno. The last message asks for an answer. */
  batch(write: (messages: MessageWriter) => void): number
  /** A question, and its answers. */
  ask(write: (messages: MessageWriter) => void, each: (message: Message) => void): number
  /** The socket's number, which notifications of its changes bear. */
  readonly port: number
  close(): void
}

// linux/netfilter/nfnetlink.h and nf_tables.h
const NFNL_SUBSYS_NFTABLES = 10
const BATCH_BEGIN = 0x10
const BATCH_END = 0x11
const nft = (message: number) => (NFNL_SUBSYS_NFTABLES << 8) | message
export const NFT_MSG_NEWSETELEM = nft(12)
const NFT_MSG_GETSET = nft(10)
const NFT_MSG_GETSETELEM = nft(13)
export const NFT_MSG_DELSETELEM = nft(14)
export const NFPROTO_INET = 1
const NFTA_SET_TABLE = 1
const NFTA_SET_NAME = 2
const NFTA_SET_COUNT = 20
const NFTA_SET_ELEM_LIST_TABLE = 1
const NFTA_SET_ELEM_LIST_SET = 2
const NFTA_SET_ELEM_LIST_ELEMENTS = 3
const NFTA_LIST_ELEM = 1
const NFTA_SET_ELEM_KEY = 1
const NFTA_SET_ELEM_FLAGS = 3
const NFTA_SET_ELEM_TIMEOUT = 4
const NFTA_SET_ELEM_EXPIRATION = 5
const NFTA_SET_ELEM_EXPR = 7
const NFTA_SET_ELEM_EXPRESSIONS = 11
const NFTA_DATA_VALUE = 1
const NFTA_EXPR_DATA = 2
const NFTA_COUNTER_BYTES = 1
const NFTA_COUNTER_PACKETS = 2
const INTERVAL_END = 1
/** struct nlattr, and the bits of its type that are no flags. */
const HEADER = 4
const TYPE_MASK = 0x3fff
const NESTED = 0x8000
const EEXIST = 17
const EINTR = 4

/** Elements in one message: what holds them is an attribute of at most 64 kB. */
const PER_MESSAGE = 600
/** Elements in one batch: a hundred bytes each, and the socket takes some megabytes. */
export const PER_BATCH = 20_000

export function openSetWriter(): Outcome<SetWriter> {
  const opened = openNetlink({ send: 8 << 20, receive: 4 << 20 })
  if (failed(opened)) return opened
  const socket = opened.value
  const writer = messageWriter(1 << 16)

  const change = (parts: readonly Part[], place: SetPlace, elements: readonly NewElement[]): number => {
    for (let from = 0; from < elements.length; from += PER_BATCH) {
      writer.clear()
      boundary(writer, BATCH_BEGIN)
      const some = elements.slice(from, from + PER_BATCH)
      for (const [index, part] of parts.entries())
        writeElements(writer, part, place, some, index === parts.length - 1)
      boundary(writer, BATCH_END)
      const error = socket.request(writer.written())
      if (error !== 0) return error
    }
    return 0
  }

  return {
    value: {
      port: socket.port,
      add: (place, elements) => change([plainly], place, elements),
      // Kernels before 6.12 leave an element that is there as it is: so it is there, it goes, and it comes anew. No packet meets the moment between.
      put: (place, elements) => change([plainly, away, plainly], place, elements),
      remove: (place, elements) => change([away], place, elements),
      // What was not there comes and goes in one transaction, so that it cannot be missing: kernels before 6.3 have no other word for that.
      clear: (place, elements) => change([plainly, away], place, elements),
      list(place) {
        for (let attempt = 0; attempt < 5; attempt++) {
          const elements: ListedElement[] = []
          let isWhole = true
          writer.clear()
          writer.begin(NFT_MSG_GETSETELEM, NLM_F_REQUEST | NLM_F_DUMP, NFPROTO_INET)
          writer.text(NFTA_SET_ELEM_LIST_TABLE, place.table)
          writer.text(NFTA_SET_ELEM_LIST_SET, place.set)
          writer.end()
          const error = socket.request(writer.written(), (message) => {
            if (message.flags & NLM_F_DUMP_INTR) isWhole = false
            if (message.type === NFT_MSG_NEWSETELEM)
              readElements(message, (element) => elements.push(element))
          })
          if (error !== 0 && error !== EINTR)
            return fail("cannot", "kernel-unreadable", `the set ${place.set} cannot be read (error ${error})`)
          if (isWhole && error === 0) return done(elements)
        }
        return fail("cannot", "kernel-unreadable", `the set ${place.set} changes while it is read`)
      },
      count(place) {
        let count: number | undefined
        writer.clear()
        writer.begin(NFT_MSG_GETSET, NLM_F_REQUEST, NFPROTO_INET)
        writer.text(NFTA_SET_TABLE, place.table)
        writer.text(NFTA_SET_NAME, place.set)
        writer.end()
        const error = socket.request(writer.written(), ({ view, from, end }) => {
          readAttributes(view, from + BODY, end, (kind, at) => {
            if (kind === NFTA_SET_COUNT) count = view.getUint32(at)
          })
        })
        return error === 0 ? count : undefined
      },
      remaining(place, keys) {
        const left = new Float64Array(keys.length)
        let at = 0
        for (let from = 0; from < keys.length; from += PER_MESSAGE) {
          const behind = Math.min(from + PER_MESSAGE, keys.length)
          writer.clear()
          writer.begin(NFT_MSG_GETSETELEM, NLM_F_REQUEST | NLM_F_ACK, NFPROTO_INET)
          writer.text(NFTA_SET_ELEM_LIST_TABLE, place.table)
          writer.text(NFTA_SET_ELEM_LIST_SET, place.set)
          writer.open(NFTA_SET_ELEM_LIST_ELEMENTS)
          for (let index = from; index < behind; index++) writeElement(writer, keys[index]!, 0, undefined)
          writer.close()
          writer.end()
          // They are answered in the order in which they were asked for, until one is not there.
          const error = socket.requestMany(writer.written(), (message) => {
            if (message.type === NFT_MSG_NEWSETELEM && at < behind) left[at++] = remainingOf(message)
          })
          if (error !== 0 || at !== behind) return undefined
        }
        return left
      },
      batch(write) {
        writer.clear()
        boundary(writer, BATCH_BEGIN)
        write(writer)
        boundary(writer, BATCH_END)
        return socket.request(writer.written())
      },
      ask(write, each) {
        writer.clear()
        write(writer)
        return socket.request(writer.written(), each)
      },
      close: () => socket.close(),
    },
  }
}

interface Part {
  readonly type: number
  readonly flags: number
  readonly timed: boolean
}

const plainly: Part = { type: NFT_MSG_NEWSETELEM, flags: NLM_F_CREATE, timed: true }
const away: Part = { type: NFT_MSG_DELSETELEM, flags: 0, timed: false }

export function isExisting(error: number): boolean {
  return error === EEXIST
}

function boundary(writer: MessageWriter, type: number): void {
  writer.begin(type, NLM_F_REQUEST, 0, NFNL_SUBSYS_NFTABLES)
  writer.end()
}

/** An answer is asked for the last message only: errors come without being asked for. */
function writeElements(
  writer: MessageWriter,
  { type, flags, timed }: Part,
  { table, set }: SetPlace,
  elements: readonly NewElement[],
  isLastPart: boolean,
): void {
  for (let from = 0; from < elements.length; from += PER_MESSAGE) {
    const isLast = isLastPart && from + PER_MESSAGE >= elements.length
    writer.begin(type, NLM_F_REQUEST | flags | (isLast ? NLM_F_ACK : 0), NFPROTO_INET)
    writer.text(NFTA_SET_ELEM_LIST_TABLE, table)
    writer.text(NFTA_SET_ELEM_LIST_SET, set)
    writer.open(NFTA_SET_ELEM_LIST_ELEMENTS)
    for (let index = from; index < Math.min(from + PER_MESSAGE, elements.length); index++) {
      const { key, until, timeout } = elements[index]!
      writeElement(writer, key, 0, timed ? timeout : undefined)
      if (until) writeElement(writer, until, INTERVAL_END, undefined)
    }
    writer.close()
    writer.end()
  }
}

/**
 * Encoded by hand where the message lies, for a hundred thousand of them are written when a guard starts: an attribute for the element, in it one for the key with its value inside,
 * the flags where there are some, and the timeout.
 */
function writeElement(
  writer: MessageWriter,
  key: readonly number[],
  flags: number,
  timeout: number | undefined,
): void {
  const size = 3 * HEADER + 4 * key.length
  const length = size + (flags === 0 ? 0 : HEADER + 4) + (timeout === undefined ? 0 : HEADER + 8)
  const from = writer.reserve(length)
  const { view } = writer
  view.setUint16(from, length, true)
  view.setUint16(from + 2, NFTA_LIST_ELEM | NESTED, true)
  view.setUint16(from + 4, size - HEADER, true)
  view.setUint16(from + 6, NFTA_SET_ELEM_KEY | NESTED, true)
  view.setUint16(from + 8, size - 2 * HEADER, true)
  view.setUint16(from + 10, NFTA_DATA_VALUE, true)
  let at = from + 3 * HEADER
  for (let index = 0; index < key.length; index++, at += 4) view.setUint32(at, key[index]!)
  if (flags !== 0) {
    view.setUint16(at, HEADER + 4, true)
    view.setUint16(at + 2, NFTA_SET_ELEM_FLAGS, true)
    view.setUint32(at + 4, flags)
    at += HEADER + 4
  }
  if (timeout !== undefined) {
    const milliseconds = Math.max(1, Math.round(timeout))
    view.setUint16(at, HEADER + 8, true)
    view.setUint16(at + 2, NFTA_SET_ELEM_TIMEOUT, true)
    view.setUint32(at + 4, Math.floor(milliseconds / 2 ** 32))
    view.setUint32(at + 8, milliseconds % 2 ** 32)
  }
}

/** The elements that one part of a listing, or a notification, names. */
export function readElements(message: Message, each: (element: ListedElement) => void): void {
  const { view } = message
  readAttributes(view, message.from + BODY, message.end, (kind, at, length) => {
    if (kind !== NFTA_SET_ELEM_LIST_ELEMENTS) return
    readAttributes(view, at, at + length, (_, from, size) => {
      const element = readElement(message, from, from + size)
      if (element) each(element)
    })
  })
}

/** Of a message about one element: milliseconds, Infinity where it stays. */
function remainingOf({ view, from, end }: Message): number {
  let at = skipTo(view, from + BODY, end, NFTA_SET_ELEM_LIST_ELEMENTS)
  // Into the list, and into its only element.
  const last = at + 2 * HEADER < end ? at + HEADER + view.getUint16(at + HEADER, true) : at
  at = skipTo(view, at + 2 * HEADER, last, NFTA_SET_ELEM_EXPIRATION)
  return at < last ? number64(view, at + HEADER) : Number.POSITIVE_INFINITY
}

/** Where the attribute of a kind begins; `end`: there is none. */
function skipTo(view: DataView, from: number, end: number, kind: number): number {
  let at = from
  while (at + HEADER <= end && (view.getUint16(at + 2, true) & TYPE_MASK) !== kind) {
    const size = view.getUint16(at, true)
    if (size < HEADER) return end
    at += (size + 3) & ~3
  }
  return at + HEADER <= end ? at : end
}

/** Written out, and not with a function for each attribute: a hundred thousand of them are read when a guard starts. */
function readElement({ view, bytes }: Message, from: number, end: number): ListedElement | undefined {
  let key: Uint8Array | undefined
  let flags = 0
  let timeout: number | undefined
  let expires: number | undefined
  let hasCounter = false
  for (let at = from; at + HEADER <= end; ) {
    const size = view.getUint16(at, true)
    if (size < HEADER || at + size > end) break
    const value = at + HEADER
    switch (view.getUint16(at + 2, true) & TYPE_MASK) {
      case NFTA_SET_ELEM_KEY:
        // Inside is NFTA_DATA_VALUE, alone.
        if (size > 2 * HEADER) key = bytes.slice(value + HEADER, at + size)
        break
      case NFTA_SET_ELEM_FLAGS:
        flags = view.getUint32(value)
        break
      case NFTA_SET_ELEM_TIMEOUT:
        timeout = number64(view, value)
        break
      case NFTA_SET_ELEM_EXPIRATION:
        expires = number64(view, value)
        break
      case NFTA_SET_ELEM_EXPR:
        hasCounter = readCounter(view, value, at + size)
        break
      case NFTA_SET_ELEM_EXPRESSIONS:
        readAttributes(view, value, at + size, (_, place, width) => {
          hasCounter = readCounter(view, place, place + width) || hasCounter
        })
        break
      default:
    }
    at += (size + 3) & ~3
  }
  if (!key) return undefined
  return {
    key,
    isEnd: (flags & INTERVAL_END) !== 0,
    ...(expires !== undefined && { expires }),
    ...(timeout !== undefined && { timeout }),
    ...(hasCounter && { packets: counted.packets, bytes: counted.bytes }),
  }
}

/** What the element that is being read has counted. */
const counted = { packets: 0, bytes: 0 }

/** An expression is its name and its data, and a counter's data are two numbers of 64 bits. */
function readCounter(view: DataView, from: number, end: number): boolean {
  let isCounter = false
  readAttributes(view, from, end, (kind, data, length) => {
    if (kind !== NFTA_EXPR_DATA) return
    readAttributes(view, data, data + length, (part, at, width) => {
      if (width !== 8) return
      if (part === NFTA_COUNTER_BYTES) counted.bytes = number64(view, at)
      else if (part === NFTA_COUNTER_PACKETS) counted.packets = number64(view, at)
      isCounter = true
    })
  })
  return isCounter
}

function number64(view: DataView, at: number): number {
  return view.getUint32(at) * 2 ** 32 + view.getUint32(at + 4)
}
