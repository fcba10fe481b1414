import { readdirSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { root, run } from "./support/floodwall.js"

const folder = join(root, "test/pipeline")
const cases = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())

/** A namespace with the devices that the cases name. */
const script = `
  ip link add eth0 type veth peer name eth1
  for file in "$@"; do
    nft flush ruleset
    nft -f "$file" || { echo "refused: $file"; exit 1; }
    echo "$(nft list tables | sort | tr '\\n' ' ')"
  done
`

test("the kernel takes the nft text of every case", () => {
  const files = cases.map(({ name }) => join(folder, name, "nft"))
  const ran = run("unshare", ["-rn", "sh", "-c", script, "sh", ...files])
  if (/Operation not permitted|not found/.test(ran.error)) {
    console.log(`skipped: no network namespace can be made here: ${ran.error.trim()}`)
    return
  }
  expect({ status: ran.status, error: ran.error }).toEqual({ status: 0, error: "" })
  const loaded = ran.output.trimEnd().split("\n")
  expect(loaded).toHaveLength(files.length)
  expect(loaded.filter((line) => !/^table inet floodwall\b/.test(line))).toEqual([])
})
