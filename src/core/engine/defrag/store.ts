import { NANOSECONDS } from "../settings.js"
import { FragmentQueue } from "./queue.js"

/** What a queue costs besides its fragments, and a fragment besides its bytes (struct ipq, struct sk_buff: near enough). */
const QUEUE_COST = 256
const FRAGMENT_COST = 640

/**
 * The datagrams that wait, within a limit of memory: as in the kernel, a new datagram finds no room once the limit is passed, and one that
 * has waited too long is given up.
 */
export class FragmentStore {
  private readonly queues = new Map<string, FragmentQueue>()
  private memory = 0
  private readonly mostMemory: number
  private readonly life: number

  constructor(mostMemory: number, lifeSeconds: number) {
    this.mostMemory = mostMemory
    this.life = lifeSeconds * NANOSECONDS
  }

  get size(): number {
    return this.queues.size
  }

  /** The datagram's queue, a new one if need be; undefined: there is no room. */
  open(key: string, now: number): FragmentQueue | undefined {
    // A Map keeps the order of insertion, and all live equally long: the first are the oldest.
    for (const queue of this.queues.values()) {
      if (now - queue.since < this.life) break
      this.close(queue)
    }
    const known = this.queues.get(key)
    if (known !== undefined) return known
    if (this.mostMemory === 0 || this.memory > this.mostMemory) return undefined
    const queue = new FragmentQueue(key, now)
    this.charge(queue, QUEUE_COST)
    this.queues.set(key, queue)
    return queue
  }

  /** Counts a fragment of so many bytes. */
  took(queue: FragmentQueue, bytes: number): void {
    this.charge(queue, FRAGMENT_COST + bytes)
  }

  close(queue: FragmentQueue): void {
    this.memory -= queue.memory
    queue.memory = 0
    this.queues.delete(queue.key)
  }

  private charge(queue: FragmentQueue, bytes: number): void {
    queue.memory += bytes
    this.memory += bytes
  }
}
