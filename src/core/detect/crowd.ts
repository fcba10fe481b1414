import type { Address } from "../base/address.js"
import { type Flow, sourceOf } from "../event/flow.js"
import type { Limit } from "../policy/policy.js"
import { HowMany } from "./how-many.js"
import { type Meter, makeMeter } from "./meter.js"
import { mixSigned } from "./mix.js"

const SHOWN = 16
/** So many are a crowd. */
export const CROWD = 64
/** Seconds between two findings of the same crowd. */
const PAUSE = 60
/** How often it is asked whether those are many who are too many packets together. */
const ASKED = 64

/** All sources together: how much it is, of how many, and whether one of them makes up the most. */
export class Crowd {
  /** Since the present one began: how much, when, and a few of whom. */
  total = 0
  first = 0
  repetition = 0
  readonly shown: Address[] = []
  private readonly shownHashes = new Int32Array(SHOWN)
  private readonly meter: Meter
  private readonly window: number
  private readonly sources = new HowMany()
  private readonly targets = new HowMany()
  private since = Number.NEGATIVE_INFINITY
  private told = Number.NEGATIVE_INFINITY
  private counted = 0
  private sourcesBefore = 0
  private targetsBefore = 0
  private asked = 0
  /** The one of whom more than half would be, if there is such (Boyer and Moore's vote), and how much was of it. */
  private candidate = 0
  private votes = 0
  private ofCandidate = 0

  constructor(limit: Limit) {
    this.meter = makeMeter(limit, 1)
    this.window = limit.form === "window" ? Math.max(1, limit.duration / 1e9) : 5
  }

  /** True: too much together, of many, and it is time to tell. */
  count(flow: Flow): boolean {
    const { time } = flow
    if (time - this.since > this.window) this.begin(time)
    this.total++
    this.counted++
    const source = mixSigned(flow.source0, flow.source1, flow.source2, flow.source3)
    this.sources.add(source)
    this.targets.add(mixSigned(flow.destination0, flow.destination1, flow.destination2, flow.destination3))
    if (this.votes === 0) {
      this.candidate = source
      this.ofCandidate = 0
    }
    this.votes += source === this.candidate ? 1 : -1
    if (source === this.candidate) this.ofCandidate++
    if (this.shown.length < SHOWN) this.show(flow, source)
    if (!this.meter.add(0, time, 1) || time - this.told < PAUSE) return false
    if (this.asked++ % ASKED !== 0) return false
    if (this.ofCandidate * 2 > this.counted || this.sourceCount < CROWD) return false
    this.told = time
    this.repetition++
    return true
  }

  /** Somebody else has told of it. */
  toldAt(time: number): void {
    this.told = time
  }

  /** One of them was honest. */
  discount(time: number): void {
    this.meter.add(0, time, -1)
  }

  get sourceCount(): number {
    return Math.max(this.sourcesBefore, this.sources.estimate())
  }

  get targetCount(): number {
    return Math.max(this.targetsBefore, this.targets.estimate())
  }

  /** Does nearly every packet come from another source? */
  get isForged(): boolean {
    return this.sources.estimate() * 2 > this.counted
  }

  private begin(time: number): void {
    const isNew = time - this.since > 2 * this.window
    this.sourcesBefore = isNew ? 0 : this.sources.estimate()
    this.targetsBefore = isNew ? 0 : this.targets.estimate()
    if (isNew) {
      this.total = 0
      this.first = time
      this.repetition = 0
    }
    this.since = time
    this.sources.clear()
    this.targets.clear()
    this.shown.length = 0
    this.counted = 0
    this.asked = 0
    this.votes = 0
    this.ofCandidate = 0
  }

  private show(flow: Flow, source: number): void {
    const count = this.shown.length
    for (let at = 0; at < count; at++) if (this.shownHashes[at] === source) return
    this.shownHashes[count] = source
    this.shown.push(sourceOf(flow))
  }
}
