import { expect, test } from "vitest"
import { Packet } from "../../../packet/packet.js"
import type { Run } from "../../runtime.js"
import { averageOf, type LimitSettings, limitOverflows, limitStep } from "./limit-step.js"

/** Half a tick: where the engine takes the first packet to have come. */
const IN_TICK = 2e6

/** Which of the packets, at these milliseconds since a tick, match. */
function matches(settings: LimitSettings, milliseconds: readonly number[]): string {
  const step = limitStep(settings)
  const packet = new Packet()
  return milliseconds
    .map((at) => (step(packet, { now: at * 1e6 - IN_TICK } as Run) === 0 ? "x" : "."))
    .join("")
}

test.each([
  ["the burst, then nothing", { count: 1, seconds: 3600, burst: 3 }, [0, 0, 0, 0, 1000, 60_000], "xxx..."],
  ["a token a second", { count: 1, seconds: 1, burst: 1 }, [0, 500, 996, 1000, 1996, 2000], "x..x.x"],
  [
    "the bucket holds no more than the burst",
    { count: 1, seconds: 1, burst: 2 },
    [0, 9000, 9000, 9000],
    "xxx.",
  ],
  ["refilled by ticks: 8 ms are two", { count: 125, seconds: 1, burst: 1 }, [0, 7, 8, 15, 16], "x.x.x"],
  // 300/s is every 33 ten-thousandths: 105.6 credits, cut to 105, of which a tick gives 128.
  ["faster than the clock", { count: 300, seconds: 1, burst: 1 }, [0, 3.9, 4, 8], "x.xx"],
])("%s", (_name, settings, at, expected) => expect(matches(settings, at)).toBe(expected))

test("averages are whole ten-thousandths", () => expect(averageOf({ count: 300, seconds: 1 })).toBe(33))

test.each([
  [{ count: 1, seconds: 86400, burst: 1 }, false],
  [{ count: 1, seconds: 86400, burst: 5 }, true],
  [{ count: 1, seconds: 3600, burst: 37 }, false],
  [{ count: 1, seconds: 3600, burst: 38 }, true],
])("a bucket that does not fit %j: %s", (settings, overflows) =>
  expect(limitOverflows(settings)).toBe(overflows),
)
