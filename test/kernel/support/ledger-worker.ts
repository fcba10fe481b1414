/**
 * Blocks and lets in at random, as the guard does, until it is killed: `ledger-worker FOLDER SEED`. Each line of standard output is written before the next step begins:
 * `{"state":[…],"kernel":[…]}` after ledger and kernel were made to agree, then `{"will":"block 10.9.0.3"}` and `{"did":…}` for each step.
 */
import { writeSync } from "node:fs"
import { printPrefix } from "../../../src/core/base/prefix.js"
import { ledgerDefaults } from "../../../src/core/block/ledger.js"
import { Book } from "../../../src/linux/daemon/book.js"
import { readClock } from "../../../src/linux/daemon/clock.js"
import { openKernelBlocks } from "../../../src/linux/daemon/kernel-blocks.js"
import { openStore } from "../../../src/linux/daemon/store.js"
import { failed } from "../../../src/linux/host/outcome.js"

const [folder = "", seed = "1"] = process.argv.slice(2)
const say = (value: object) => writeSync(1, `${JSON.stringify(value)}\n`)
const opened = openStore(folder, "now")
const kernel = openKernelBlocks("floodwall")
if (failed(opened) || failed(kernel)) throw new Error(JSON.stringify([opened, kernel]))
const book = new Book({
  store: opened.value.store,
  kernel: kernel.value,
  clock: readClock,
  settings: ledgerDefaults,
  neverBlocked: () => undefined,
  notice: (text) => say({ notice: text }),
})
const state = book.blocked().map(({ source }) => source)
const listed = kernel.value.list()
if (failed(listed)) throw new Error(JSON.stringify(listed))
say({ state: state.sort(), kernel: listed.value.map(({ source }) => printPrefix(source)).sort() })

let random = Number(seed)
for (;;) {
  random = (Math.imul(random, 1103515245) + 12345) >>> 0
  const host = {
    address: { family: 4 as const, words: [0x0a090000 + ((random >>> 16) % 20)] },
    length: (random >>> 8) % 9 === 0 ? 30 : 32,
  }
  if (host.length === 30) host.address.words[0]! &= 0xfffffffc
  const text = printPrefix(host)
  const isBlock = (random >>> 24) % 2 === 0
  say({ will: `${isBlock ? "block" : "unblock"} ${text}` })
  if (isBlock) book.block([host], 600, "at random")
  else book.unblock([host])
  say({ did: text })
}
