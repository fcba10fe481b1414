import type { Libc } from "../namespace/libc.js"
import { type Message, readMessages } from "./message.js"

/** Room for many short messages, which are read with one system call. */
export interface MessageSlots {
  /** Reads what is there, at most a hundred and twenty-eight; false: nothing. Messages are good for the length of the call. */
  read(fd: number, each: (message: Message) => void): boolean
  free(): void
}

const SLOTS = 128
/** What is longer is cut off: an element of a set that counts takes some 200 bytes. */
const ROOM = 2048
/** struct mmsghdr (64 bytes: msghdr, then the length received) and struct iovec (16 bytes), of 64-bit machines. */
const MESSAGE = 64
const RECEIVED = 56
const VECTOR = 16

export function openMessageSlots(library: Libc): MessageSlots | undefined {
  const vectors = SLOTS * MESSAGE
  const rooms = vectors + SLOTS * VECTOR
  const memory = library.allocate(rooms + SLOTS * ROOM)
  if (memory === null) return undefined
  const { address, view, bytes } = memory
  for (let slot = 0; slot < SLOTS; slot++) {
    const vector = vectors + slot * VECTOR
    view.setBigUint64(vector, BigInt(address + rooms + slot * ROOM), true)
    view.setUint32(vector + 8, ROOM, true)
    view.setBigUint64(slot * MESSAGE + 16, BigInt(address + vector), true)
    view.setUint32(slot * MESSAGE + 24, 1, true)
  }
  return {
    read(fd, each) {
      const count = library.recvmmsg(fd, address, SLOTS, 0, 0)
      for (let slot = 0; slot < count; slot++) {
        const length = view.getUint32(slot * MESSAGE + RECEIVED, true)
        readMessages(view, bytes, length, each, rooms + slot * ROOM)
      }
      return count > 0
    },
    free: () => library.free(memory),
  }
}
