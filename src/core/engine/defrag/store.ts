import { NANOSECONDS } from "../settings.js"
import { FragmentQueue, KEY_WORDS } from "./queue.js"
import { ByteRoom } from "./room.js"

/** What a queue costs besides its fragments, and a fragment besides its bytes (struct ipq, struct sk_buff: near enough). */
const QUEUE_COST = 256
const FRAGMENT_COST = 640
/** The memory limit leaves room for some thousands of queues. */
const BUCKETS = 1024
/** So many objects wait for further datagrams. */
const MOST_KEPT = 256

/**
 * The datagrams that wait, within a limit of memory: as in the kernel, a new datagram finds no room once the limit is passed, and one that
 * has waited too long is given up.
 */
export class FragmentStore {
  /** What `open` looks for. */
  readonly key = new Int32Array(KEY_WORDS)
  private readonly buckets: (FragmentQueue | null)[] = new Array(BUCKETS).fill(null)
  private oldest: FragmentQueue | null = null
  private newest: FragmentQueue | null = null
  private readonly spare: FragmentQueue[] = []
  private readonly room = new ByteRoom()
  private memory = 0
  private readonly mostMemory: number
  private readonly life: number
  private readonly seed: number

  constructor(mostMemory: number, lifeSeconds: number, seed: number) {
    this.mostMemory = mostMemory
    this.life = lifeSeconds * NANOSECONDS
    this.seed = seed | 0
  }

  /** The queue of the datagram that `key` names, a new one if need be; undefined: there is no room. */
  open(now: number): FragmentQueue | undefined {
    // All live equally long.
    for (let queue = this.oldest; queue !== null && now - queue.since >= this.life; queue = this.oldest)
      this.close(queue)
    const { key } = this
    const hash = this.hash()
    const first = this.buckets[hash] ?? null
    for (let queue = first; queue !== null; queue = queue.chained) if (isSame(queue.key, key)) return queue
    if (this.mostMemory === 0 || this.memory > this.mostMemory) return undefined
    const queue = this.spare.pop() ?? new FragmentQueue(this.room)
    queue.begin(key, hash, now)
    queue.chained = first
    this.buckets[hash] = queue
    queue.older = this.newest
    if (this.newest === null) this.oldest = queue
    else this.newest.newer = queue
    this.newest = queue
    this.charge(queue, QUEUE_COST)
    return queue
  }

  /** Counts a fragment of so many bytes. */
  took(queue: FragmentQueue, bytes: number): void {
    this.charge(queue, FRAGMENT_COST + bytes)
  }

  close(queue: FragmentQueue): void {
    this.memory -= queue.memory
    this.unchain(queue)
    const { older, newer } = queue
    if (older === null) this.oldest = newer
    else older.newer = newer
    if (newer === null) this.newest = older
    else newer.older = older
    queue.older = null
    queue.newer = null
    queue.end()
    if (this.spare.length < MOST_KEPT) this.spare.push(queue)
  }

  private charge(queue: FragmentQueue, bytes: number): void {
    queue.memory += bytes
    this.memory += bytes
  }

  private unchain(queue: FragmentQueue): void {
    let before = this.buckets[queue.hash] ?? null
    if (before === queue) this.buckets[queue.hash] = queue.chained
    else {
      while (before !== null && before.chained !== queue) before = before.chained
      if (before !== null) before.chained = queue.chained
    }
    queue.chained = null
  }

  private hash(): number {
    let value = this.seed
    for (let word = 0; word < KEY_WORDS; word++) {
      const mixed = value ^ Math.imul(this.key[word]!, 0xcc9e2d51)
      value = (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0
    }
    value ^= value >>> 16
    return Math.imul(value, 0x85ebca6b) >>> 22
  }
}

function isSame(left: Int32Array, right: Int32Array): boolean {
  for (let word = 0; word < KEY_WORDS; word++) if (left[word] !== right[word]) return false
  return true
}
