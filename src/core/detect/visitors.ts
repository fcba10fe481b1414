import type { Flow } from "../event/flow.js"
import { mix } from "./mix.js"
import { RecentHashes } from "./recent-hashes.js"

const DAY = 86400
/** Who has come to one service so often is a visitor. A scanner that connects comes to each port once or twice, and who means to attack looks a few times first whether the service is there. */
const VISITS = 6

/**
 * Who has come to the same service six times within a day, each time with a whole handshake, and since when. A scan that begins later in a visitor's name may be somebody else's: a SYN is sent in
 * anybody's name, and those of visitors are the first that an attacker knows (his decoys). The latest 32,768 visits and visitors, by hashes.
 */
export class Visitors {
  private readonly visits = new RecentHashes()
  private readonly since = new RecentHashes()

  /** A handshake that the flow's source completed. */
  add(flow: Flow): void {
    const { destination0, destination1, destination2, destination3, destinationPort, time } = flow
    const source = sourceHash(flow)
    const service = mix(destination0, destination1, destination2, destination3 ^ (destinationPort << 8))
    for (let visit = 1; visit <= VISITS; visit++) {
      const hash = mix(source, service, visit, 0)
      if (time - this.visits.notedAt(hash) <= DAY) continue
      this.visits.note(hash, time)
      if (visit < VISITS) return
    }
    if (time - this.since.notedAt(source) > DAY) this.since.note(source, time)
  }

  /** Was the flow's source a visitor before `time`? */
  had(flow: Flow, time: number): boolean {
    const since = this.since.notedAt(sourceHash(flow))
    return since < time && time - since <= DAY
  }
}

function sourceHash({ source0, source1, source2, source3 }: Flow): number {
  return mix(source0, source1, source2, source3)
}
