import { createRequire } from "node:module"
import { constants } from "node:os"

/**
 * The few C library calls that Node has not: namespaces, packet sockets, shared rings. The dangerous part, kept in one place.
 * Numbers are those of the generic Linux ABI on 64-bit little-endian machines (x86-64, arm64, riscv64).
 */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number
  bind(fd: number, address: Uint8Array, length: number): number
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number
  /** `value` and `length` are addresses in memory that `allocate` gave. */
  getsockopt(fd: number, level: number, name: number, value: number, length: number): number
  sendto(
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    size: number,
  ): number
  /** `address` and `length` are addresses in memory that `allocate` gave. */
  getsockname(fd: number, address: number, length: number): number
  /** `into` is an address in memory that `allocate` gave. */
  read(fd: number, into: number, length: number): number
  write(fd: number, bytes: Uint8Array, length: number): number
  eventfd(start: number, flags: number): number
  /** poll(2) in another thread: `entries` is an address in memory that `allocate` gave, and must stay until `then` is called. */
  pollLater(entries: number, count: number, timeoutMilliseconds: number, then: () => void): void
  /** `into` and `messages` are addresses in memory that `allocate` gave. */
  recv(fd: number, into: number, length: number, flags: number): number
  sendmmsg(fd: number, messages: number, count: number, flags: number): number
  /** `messages` is an address in memory that `allocate` gave; `timeout` 0: none. */
  recvmmsg(fd: number, messages: number, count: number, flags: number, timeout: number): number
  ioctl(fd: number, request: number, argument: Uint8Array): number
  if_nametoindex(name: string): number
  setns(fd: number, kind: number): number
  unshare(flags: number): number
  close(fd: number): number
  flock(fd: number, operation: number): number
  /** The number that the last call left in errno. */
  errno(): number
  /** `EPERM`, or the number where it has no name. */
  errorName(): string
  /** Zeroed memory that the garbage collector does not move, or null. */
  allocate(length: number): Memory | null
  /** Maps a socket's ring, or null. */
  map(fd: number, length: number): Memory | null
  free(memory: Memory): void
}

/** Memory outside the JavaScript heap: where it is, and a view of it. The view is dead after `free`. */
export interface Memory {
  readonly address: number
  readonly bytes: Uint8Array
  readonly view: DataView
}

export const CLONE_NEWNET = 0x4000_0000

const PROT_READ_WRITE = 3
const MAP_SHARED = 1
const MAP_PRIVATE_ANONYMOUS = 0x22

let loaded: Libc | string | undefined

/** The C library, or in one sentence why it cannot be had. */
export function loadLibc(): Libc | string {
  loaded ??= load()
  return loaded
}

/** The C library; throws where `loadLibc` would give a sentence. For code that runs after `laboratoryTrouble` said null. */
export function libc(): Libc {
  const library = loadLibc()
  if (typeof library === "string") throw new Error(library)
  return library
}

interface Koffi {
  load(path: string | null): { func(prototype: string): ((...values: unknown[]) => number) & Later }
  errno(): number
  view(address: bigint, length: number): ArrayBuffer
}

/** The same call in a thread of libuv's pool: the last value is told what came of it. */
interface Later {
  async(...values: unknown[]): void
}

function load(): Libc | string {
  if (process.platform !== "linux") return `this is ${process.platform}, not Linux`
  let koffi: Koffi
  try {
    koffi = createRequire(import.meta.url)("koffi") as Koffi
  } catch {
    return "the koffi package is missing or has no build for this machine: run npm ci"
  }
  // null: what the running program has loaded already, be it glibc or musl.
  const library = koffi.load(null)
  const func = <T>(prototype: string) => library.func(prototype) as unknown as T
  const mmap = func<(a: number, l: number, p: number, f: number, fd: number, o: number) => number>(
    "uintptr_t mmap(uintptr_t, size_t, int, int, int, int64_t)",
  )
  const munmap = func<(address: number, length: number) => number>("int munmap(uintptr_t, size_t)")
  const memory = (length: number, flags: number, fd: number): Memory | null => {
    const address = mmap(0, length, PROT_READ_WRITE, flags, fd, 0)
    // MAP_FAILED is all ones.
    if (address > Number.MAX_SAFE_INTEGER) return null
    const buffer = koffi.view(BigInt(address), length)
    return { address, bytes: new Uint8Array(buffer), view: new DataView(buffer) }
  }
  const poll = library.func("int poll(uintptr_t, unsigned long, int)")
  return {
    getsockname: func("int getsockname(int, uintptr_t, uintptr_t)"),
    read: func("intptr_t read(int, uintptr_t, size_t)"),
    write: func("intptr_t write(int, const uint8_t *, size_t)"),
    eventfd: func("int eventfd(unsigned int, int)"),
    pollLater: (entries, count, timeout, then) => poll.async(entries, count, timeout, then),
    socket: func("int socket(int, int, int)"),
    bind: func("int bind(int, const uint8_t *, uint32_t)"),
    setsockopt: func("int setsockopt(int, int, int, const uint8_t *, uint32_t)"),
    getsockopt: func("int getsockopt(int, int, int, uintptr_t, uintptr_t)"),
    sendto: func("intptr_t sendto(int, const uint8_t *, size_t, int, const uint8_t *, uint32_t)"),
    recv: func("intptr_t recv(int, uintptr_t, size_t, int)"),
    sendmmsg: func("int sendmmsg(int, uintptr_t, uint32_t, int)"),
    recvmmsg: func("int recvmmsg(int, uintptr_t, uint32_t, int, uintptr_t)"),
    ioctl: func("int ioctl(int, unsigned long, _Inout_ uint8_t *)"),
    if_nametoindex: func("uint32_t if_nametoindex(const char *)"),
    setns: func("int setns(int, int)"),
    unshare: func("int unshare(int)"),
    close: func("int close(int)"),
    flock: func("int flock(int, int)"),
    errno: () => koffi.errno(),
    errorName: () => {
      const number = koffi.errno()
      return Object.entries(constants.errno).find(([, known]) => known === number)?.[0] ?? `errno ${number}`
    },
    allocate: (length) => memory(length, MAP_PRIVATE_ANONYMOUS, -1),
    map: (fd, length) => memory(length, MAP_SHARED, fd),
    free: ({ address, bytes }) => {
      munmap(address, bytes.byteLength)
    },
  }
}
