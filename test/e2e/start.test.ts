import { type SpawnSyncReturns, spawnSync } from "node:child_process"
import { tmpdir } from "node:os"
import { resolve } from "node:path"
import { expect, test } from "vitest"
import { createNamespace } from "../../src/linux/host/namespace/namespace.js"
import { needsKernel, skipWithout } from "../kernel/support/kernel-test.js"

/** `npm start` as its users know it: words in, text and an exit status out. */

const script = resolve("scripts/start.mjs")

function start(words: readonly string[], before: readonly string[] = []): SpawnSyncReturns<string> {
  const [command, ...parameters] = [...before, process.execPath, script, ...words]
  // From another folder: the demonstration knows its own place.
  return spawnSync(command!, parameters, {
    encoding: "utf8",
    cwd: tmpdir(),
    maxBuffer: 1 << 26,
    env: { ...process.env, NO_COLOR: "1" },
  })
}

interface Result {
  readonly kernel: boolean
  readonly why?: string
  readonly packets: number
  readonly seconds?: number
  readonly wrong: readonly string[]
  readonly rows: readonly {
    readonly kind: string
    readonly purpose: string
    readonly family: number
    readonly sent: number
    readonly through: number
    readonly dropped: number
    readonly by: Readonly<Record<string, number>>
    readonly compared: number
    readonly differ: number
  }[]
}

// Where the machine stalls for longer than packets are apart, kernel and capture ask the clock at different times. What is wrong is wrong each time.
const onBusyMachine = { retry: 2 }

test(
  "npm start -- --once: nobody honest is harmed, no attack gets through, kernel and engine are of one mind",
  onBusyMachine,
  (context) => {
    needsKernel(context)
    const { status, stdout, stderr } = start(["--once", "--json"])
    expect(stderr).toBe("")
    const result = JSON.parse(stdout) as Result
    expect(result.wrong).toEqual([])
    expect(status).toBe(0)
    expect(result.kernel).toBe(true)
    // Under 20 s is the promise for a machine of its own; the tests' machine has other things to do.
    expect(result.seconds).toBeLessThan(60)
    const honest = result.rows.filter(({ purpose }) => purpose === "honest")
    expect(honest.filter(({ through, sent }) => through !== sent)).toEqual([])
    expect(honest.every(({ sent }) => sent > 0)).toBe(true)
    expect(new Set(honest.map(({ family }) => family))).toEqual(new Set([4, 6]))
    const fought = new Set(
      result.rows.filter(({ purpose }) => purpose === "attack").flatMap(({ by }) => Object.keys(by)),
    )
    for (const protection of [
      "malformed-null",
      "malformed-xmas",
      "malformed-bad",
      "land",
      "spoofed-source",
      "invalid",
      "new-tcp-without-syn",
      "fragments",
      "small-mss",
      "icmp-floods",
      "syn-floods",
      "decoy-ports",
      "told by connections",
    ])
      expect([...fought]).toContain(protection)
    // The referee was asked about every packet but those of ARP.
    const asked = result.rows.reduce((sum, { compared }) => sum + compared, 0)
    expect(asked).toBeGreaterThan(50_000)
    expect(result.rows.reduce((sum, { differ }) => sum + differ, 0)).toBe(0)
  },
)

test("npm start leaves nothing behind in the host", onBusyMachine, (context) => {
  needsKernel(context)
  // A host that nobody else uses at the same time.
  const host = createNamespace()
  try {
    const look = () =>
      host.run("sh", ["-c", "ip -o link; ip -o addr; nft list ruleset; sysctl -a 2>/dev/null | grep ^net"])
        .stdout
    const before = look()
    expect(host.run(process.execPath, [script, "--once"]).status).toBe(0)
    expect(look()).toBe(before)
  } finally {
    host.close()
  }
})

/** A user namespace in which there may be no further ones, without the capability that namespaces need: a locked-down container. */
const lockedDown = [
  "unshare",
  "-Ur",
  "sh",
  "-c",
  'echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set -sys_admin --inh-caps -sys_admin "$@"',
  "sh",
]

test("where namespaces are not to be had the reason is one line, and the engine does the same on the sample", (context) => {
  const tried = spawnSync(lockedDown[0]!, [...lockedDown.slice(1), "true"], { encoding: "utf8" })
  if (tried.status !== 0)
    skipWithout(context, `no locked-down surroundings to be made here: ${tried.stderr.trim()}`)
  const { status, stdout } = start(["--once"], lockedDown)
  const [reason] = stdout.split("\n")
  expect(reason).toMatch(/^Without the kernel: .*(privilege|restricted).*laboratory\.pcapng\.gz:$/)
  expect(stdout).toContain("No honest packet was dropped, and no attack got past its limit.")
  expect(status).toBe(0)
})

test(
  "without that capability alone it enters a user namespace, and does all of it there",
  onBusyMachine,
  (context) => {
    needsKernel(context)
    const bound = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"]
    const tried = spawnSync(bound[0]!, [...bound.slice(1), "unshare", "-Urnm", "true"])
    if (tried.status !== 0) skipWithout(context, "user namespaces are restricted here")
    const { status, stdout } = start(["--once", "--json"], bound)
    const result = JSON.parse(stdout) as Result
    expect({ wrong: result.wrong, kernel: result.kernel, status }).toEqual({
      wrong: [],
      kernel: true,
      status: 0,
    })
  },
)

test("--engine: the table without a kernel", () => {
  const { status, stdout } = start(["--engine", "--json"])
  const result = JSON.parse(stdout) as Result
  expect(result.wrong).toEqual([])
  expect(status).toBe(0)
  expect(result.kernel).toBe(false)
  expect(result.rows.length).toBeGreaterThan(50)
  expect(result.rows.every(({ compared }) => compared === 0)).toBe(true)
})

test("it ends with what to do next, and a wrong word with exit 2", () => {
  expect(start(["--engine"]).stdout).toMatch(/What next:\n[\s\S]*bin\/floodwall replay samples\//)
  const { status, stderr } = start(["--onse"])
  expect(status).toBe(2)
  expect(stderr).toContain("npm start: no such word: --onse")
})
