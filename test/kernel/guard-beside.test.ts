import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { createGuarded, PATIENCE, within } from "./support/guarded.js"
import { needsKernel } from "./support/kernel-test.js"

function startBeside() {
  const guarded = createGuarded("{ preset: default, malformed-xmas: block, open: [ssh] }")
  const { gateway, nft, policy } = guarded
  /** What `floodwall status` says that the guard works by, and what is in force. */
  const works = () => {
    const said = JSON.parse(gateway.floodwall("status", "--json").stdout) as {
      readonly digest: string
      readonly guard: { readonly policy: string; readonly notices: readonly string[] } | null
    }
    return { digest: said.digest, policy: said.guard?.policy, notices: said.guard?.notices ?? [] }
  }
  const blocked = () =>
    ["blocked4", "blocked-new4"].flatMap((set) =>
      [...nft("list", "set", "inet", "floodwall", set).matchAll(/\d+\.\d+\.113\.\d+/g)].map(
        ([source]) => source,
      ),
    )
  /** The guard's policy with something else in it, in a file of its own. */
  const variant = (name: string, change: (text: string) => string) => {
    const path = join(gateway.folder, `${name}.yaml`)
    writeFileSync(path, change(readFileSync(policy, "utf8")))
    return path
  }
  return { ...guarded, works, blocked, variant }
}

test("what is applied by hand beside a guard is what it works by: whom the policy only notifies of is let in, detectors count anew, a trial waits for confirm, a reload goes back", {
  timeout: 300_000,
}, async (context) => {
  needsKernel(context)
  const { gateway, start, works, blocked, variant, policy, nft, scan, from } = startBeside()
  nft("flush", "ruleset")
  const guard = await start()
  nft("add", "element", "inet", "floodwall", "blocked4", "{ 203.0.113.5 timeout 1h }")
  expect(gateway.floodwall("block", "203.0.113.7").status).toBe(0)
  // The guard looks what rules have listed when it is asked who is blocked.
  expect(gateway.floodwall("blocked", "203.0.113.5").status).toBe(0)

  const notifies = variant("notifies", (text) =>
    text.replace("malformed-xmas: block", "malformed-xmas: notify"),
  )
  const applied = gateway.floodwall("apply", notifies, "--keep", "--force")
  expect([applied.status, applied.stdout, applied.stderr]).toEqual([
    0,
    expect.stringMatching(
      /^The guard works by it now\. 1 source was let in again, for what they were blocked for only notifies now\.$/m,
    ),
    expect.stringContaining(
      `The guard was started with ${policy}: a reload of it, or a restart, puts that in force again.`,
    ),
  ])
  expect(blocked()).toEqual(["203.0.113.7"])
  expect(works().policy).toBe(notifies)

  // Rules that are the same, and detectors that are not.
  appendFileSync(notifies, "detect: { port-scan: { limit: more than 9 in 60s } }\n")
  expect(gateway.floodwall("apply", notifies, "--keep", "--force").stdout).toMatch(
    /^unchanged: .*\nThe guard works by it now\.$/m,
  )
  scan(from(80), 15)
  expect(await within(PATIENCE, () => /port-scan: .*\.80 tried 10 or more/.test(guard.output()))).toBe(true)

  // A trial is nobody's policy yet.
  const wider = variant("wider", (text) => text.replace("[ssh]", "[ssh, 8443/tcp]"))
  expect(gateway.floodwall("apply", wider, "--confirm", "60", "--force").stdout).toContain(
    "The guard works by the policy from before until then.",
  )
  expect(works().policy).toBe(notifies)
  expect(gateway.floodwall("confirm").stdout).toContain("The guard works by it now.")
  const { digest } = works()
  expect(works().policy).toBe(wider)
  nft("flush", "ruleset")
  expect(await within(PATIENCE, () => works().digest === digest)).toBe(true)
  expect(blocked()).toContain("203.0.113.7")

  guard.child.kill("SIGHUP")
  expect(await within(PATIENCE, () => works().policy === policy)).toBe(true)
  expect(works().digest).not.toBe(digest)
  expect(guard.output()).not.toMatch(/error|stay as/)
})

test("rules that another floodwall put in force without a word to the guard are noticed, followed where their policy can be read, and put back as they were where it cannot; a pause is told, and its end", {
  timeout: 300_000,
}, async (context) => {
  needsKernel(context)
  const { gateway, start, works, variant, nft } = startBeside()
  const { firewall } = gateway.laboratory
  const guard = await start()
  const silently = (...words: readonly string[]) =>
    firewall.namespace.run(process.execPath, [join(process.cwd(), "bin/floodwall"), ...words], {
      environment: {
        FLOODWALL_STATE: gateway.state,
        FLOODWALL_SOCKET: join(gateway.folder, "nobody"),
        SSH_CONNECTION: "",
      },
      fails: "allowed",
    })
  // While the guard looks at its rules, an apply is told that another floodwall is at work.
  const isApplied = (path: string) =>
    within(PATIENCE, () => silently("apply", path, "--keep", "--force").status === 0)
  const first = variant("first", (text) => text.replace("[ssh]", "[ssh, 8443/tcp]"))
  expect(await isApplied(first)).toBe(true)
  expect(await within(PATIENCE, () => works().policy === first)).toBe(true)

  const second = variant("second", (text) => text.replace("[ssh]", "[ssh, 9443/tcp]"))
  expect(await isApplied(second)).toBe(true)
  rmSync(second)
  const said =
    /the rules in force are those of \S+second\.yaml, but it cannot be read as a policy now: .* stay as \S+first\.yaml has them/
  expect(await within(PATIENCE, () => works().notices.some((notice) => said.test(notice)))).toBe(true)
  const { digest, policy } = works()
  expect(policy).toBe(first)
  nft("flush", "ruleset")
  expect(await within(PATIENCE, () => works().digest === digest)).toBe(true)
  nft("delete", "chain", "inet", "floodwall", "bypass/policy")
  expect(nft("list", "table", "inet", "floodwall")).toContain("9443")
  expect(await within(PATIENCE, () => /they were put back/.test(guard.output()))).toBe(true)

  expect(gateway.floodwall("pause", "2s").status).toBe(0)
  expect(await within(PATIENCE, () => /paused for \d s: nothing is protected/.test(guard.output()))).toBe(
    true,
  )
  expect(await within(PATIENCE, () => /the pause is over: the rules judge again/.test(guard.output()))).toBe(
    true,
  )
})
