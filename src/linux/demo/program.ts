import { fileURLToPath } from "node:url"
import { main as demo } from "./main.js"
import { ask, serve } from "./peer.js"

// Who reads the first lines only (`| head`) is not a fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error
  process.exit(0)
})

const self = fileURLToPath(import.meta.url)

/** What scripts/start.mjs calls. `samples` is the folder of captures. */
export function main(
  words: readonly string[],
  places: { readonly floodwall: string; readonly samples: string },
): Promise<number> {
  return demo(words, { ...places, demo: self })
}

// Started as a program of its own, in a namespace: a peer.
if (process.argv[1] === self) {
  const [role, ...addresses] = process.argv.slice(2)
  if (role === "ask") process.stdout.write(JSON.stringify(await ask(addresses)))
  else if (role === "serve") await serve()
}
