import { execFile } from "node:child_process"
import { parseKernelTables } from "../../host/kernel-table.js"
import { askTerse } from "../../host/nft.js"
import { done, fail } from "../../host/outcome.js"
import { findProgram } from "../../host/run.js"
import type { EventSource } from "./source.js"

const INTERVAL = 5000
const OUTPUT_LIMIT = 64 << 20

interface Sum {
  packets: number
  bytes: number
  unsampled: number
  /** Of a rule that logs each packet of a source's part: those beyond. Undefined: it has no such chain. */
  beyond: number | undefined
}

/** The chain of those beyond a limit's ceiling, of whom none is logged (policy/compile-outcome.ts). */
const NEWCOMERS = "/newcomers"
/** The chain of what is logged by samples alone, where all else is told packet by packet (policy/compile-probes.ts): only its count is for the samples to explain. */
const SAMPLED = "/sampled"

/** The counters of our table: true numbers, where packets themselves are logged at a bounded rate. `passes`: how many a second a rule lets pass of each source. */
export function counterSource(
  place: string,
  passes: (zone: string, protection: string) => number,
): EventSource {
  return {
    name: "counters",
    reads: "the counters of the rules",
    start({ emit, clock }) {
      const nft = findProgram("nft")
      if (nft === undefined) return fail("cannot", "no-nft", "there is no nft to ask for counters")
      let before = new Map<string, Sum>()
      let last = clock()
      let events = 0
      let state = "reading"
      let isAsking = false

      const take = (text: string) => {
        const [table] = parseKernelTables(text, [place])
        if (table === undefined || table.chains.length === 0) {
          state = "the table is not there"
          return
        }
        state = "reading"
        const sums = new Map<string, Sum>()
        for (const { chain, counted, comment } of table.rules) {
          const zone = chain.split("/")[0]!
          const protection = comment?.split(" ").at(-1)
          if (!counted || protection === undefined || !chain.includes("/")) continue
          const key = `${zone} ${protection}`
          const sum = sums.get(key) ?? { packets: 0, bytes: 0, unsampled: 0, beyond: undefined }
          sum.packets += counted.packets
          if (chain.endsWith(NEWCOMERS)) sum.unsampled += counted.packets
          if (chain.endsWith(SAMPLED)) sum.beyond = (sum.beyond ?? 0) + counted.packets
          sum.bytes += counted.bytes
          sums.set(key, sum)
        }
        const now = clock()
        for (const [key, { packets, bytes, unsampled, beyond }] of sums) {
          const known = before.get(key)
          // Rules that are put there anew count from 0.
          const earlier =
            known && packets >= known.packets ? known : { packets: 0, bytes: 0, unsampled: 0, beyond: 0 }
          const more = beyond === undefined ? packets - earlier.packets : beyond - (earlier.beyond ?? 0)
          if (more === 0 || before.size === 0) continue
          const [zone = "", protection = ""] = key.split(" ")
          events++
          emit({
            event: "counter",
            time: now,
            over: Math.max(now - last, 0.001),
            zone,
            protection,
            packets: more,
            bytes: bytes - earlier.bytes,
            unsampled: Math.max(0, unsampled - earlier.unsampled),
            passes: passes(zone, protection),
          })
        }
        before = sums
        last = now
      }
      const ask = () => {
        if (isAsking) return
        isAsking = true
        execFile(nft, ["-j", ...askTerse(place)], { maxBuffer: OUTPUT_LIMIT }, (error, text) => {
          isAsking = false
          if (error) state = "the rules cannot be read"
          else take(text)
        })
      }
      const timer = setInterval(ask, INTERVAL)
      ask()
      return done({
        get state() {
          return state
        },
        get events() {
          return events
        },
        lost: 0,
        stop: () => clearInterval(timer),
      })
    },
  }
}
