import { mkdirSync, writeFileSync } from "node:fs"
import { makeSamples } from "../src/linux/demo/samples.js"

/** `npm run samples`: writes the captures of samples/ anew. The same bytes each time: nothing in them comes from a clock or from chance. */
mkdirSync("samples", { recursive: true })
for (const { name, bytes } of makeSamples()) {
  writeFileSync(`samples/${name}`, bytes)
  console.log(`samples/${name}  ${bytes.length} bytes`)
}
