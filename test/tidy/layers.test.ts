import { readdirSync, readFileSync, statSync } from "node:fs"
import { dirname, join, normalize, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))

/**
 * Who may import whom. A folder may import itself, what its row names, and nothing else;
 * the longest matching row counts. Packages are named by their own name, Node's modules as `node:`.
 */
const rules: Readonly<Record<string, readonly string[]>> = {
  "src/core/base": ["ipaddr.js"],
  "src/core/packet": ["src/core/base"],
  // The first waist knows how a packet is asked, and nothing of who runs it or who wrote it.
  "src/core/ruleset": ["src/core/base", "src/core/packet"],
  "src/core/backend": ["src/core/base", "src/core/ruleset"],
  // The engine sees rulesets and packets; it knows no policy.
  "src/core/engine": ["src/core/base", "src/core/packet", "src/core/ruleset"],
  "src/core/policy": ["src/core/base", "src/core/packet", "src/core/ruleset", "yaml", "zod"],
  // The second waist: what is seen, from wherever it comes, and what is concluded of it.
  "src/core/event": [
    "src/core/base",
    "src/core/packet",
    "src/core/ruleset",
    "src/core/engine",
    "src/core/policy",
  ],
  // Detectors see events, and nothing of who saw them.
  "src/core/detect": [
    "src/core/base",
    "src/core/packet",
    "src/core/event",
    "src/core/policy",
    "src/core/ruleset",
  ],
  // What is done about findings: who is kept out, why, until when.
  "src/core/block": ["src/core/base", "src/core/event", "src/core/policy", "src/core/ruleset"],
  // The guard without a kernel: engine, detectors and blocks on the time of packets.
  "src/core/guard": [
    "src/core/base",
    "src/core/packet",
    "src/core/ruleset",
    "src/core/engine",
    "src/core/event",
    "src/core/detect",
    "src/core/block",
    "src/core/policy",
  ],
  // Other tools' configurations become policies; rules of iptables among them are read by their backend.
  "src/core/dialect": ["src/core/base", "src/core/ruleset", "src/core/policy", "src/core/backend", "yaml"],
  "src/linux/capture": ["src/core", "node:"],
  "src/linux/host": ["src/core", "src/linux/capture", "node:", "koffi"],
  "src/linux/daemon": ["src/core", "src/linux/host", "node:", "pino"],
  "src/linux/cli": ["src/core", "src/linux", "node:", "commander"],
  "src/linux/demo": ["src/core", "src/linux", "node:"],
}

interface Import {
  readonly from: string
  readonly to: string
}

const sources = filesUnder("src").filter((file) => file.endsWith(".ts"))
const imports = sources.filter((file) => !file.endsWith(".test.ts")).flatMap(importsOf)

test("there is something to check", () => {
  expect(sources.length).toBeGreaterThan(50)
  expect(imports.length).toBeGreaterThan(sources.length)
})

test("every folder imports only what it may", () => {
  const forbidden = imports.filter(({ from, to }) => {
    const row = rowOf(from)
    if (row === undefined) return true
    return ![row, ...(rules[row] ?? [])].some((allowed) => inside(to, allowed))
  })
  expect(forbidden.map(({ from, to }) => `${from} -> ${to}`)).toEqual([])
})

test("core asks no clock and no chance", () => {
  const impure = /\b(?:Date\.now|new Date\(\)|Math\.random|performance\.|process\.|setTimeout|setInterval)/
  const offenders = sources
    .filter((file) => file.startsWith("src/core/") && !file.endsWith(".test.ts"))
    .filter((file) => impure.test(withoutComments(read(file))))
  expect(offenders).toEqual([])
})

test("every source file is reached from an entry point", () => {
  const entries = ["src/linux/cli/main.ts", "src/linux/demo/program.ts"]
  const scripts = filesUnder("scripts").filter((file) => /\.(ts|mjs)$/.test(file))
  const reached = new Set<string>()
  const queue = [...entries, ...scripts]
  const edges = new Map<string, string[]>()
  for (const { from, to } of [...imports, ...scripts.flatMap(importsOf)]) {
    edges.set(from, [...(edges.get(from) ?? []), to])
  }
  while (queue.length > 0) {
    const file = queue.pop() as string
    if (reached.has(file)) continue
    reached.add(file)
    queue.push(...(edges.get(file) ?? []))
  }
  const dead = sources.filter((file) => !file.endsWith(".test.ts") && !reached.has(file) && !onlyTests(file))
  expect(dead).toEqual([])
})

/** Helpers of tests live beside the code that they test, or are a part of the public core that tests build packets with. */
function onlyTests(file: string): boolean {
  return file.endsWith("-fixture.ts") || file === "src/core/packet/copy.ts"
}

function filesUnder(folder: string): string[] {
  const absolute = join(root, folder)
  return readdirSync(absolute, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((file) => statSync(join(root, file)).isFile())
    .sort()
}

function importsOf(file: string): Import[] {
  const pattern = /(?:from\s+|import\s*\(\s*|import\s+)"([^"]+)"/g
  return [...withoutComments(read(file)).matchAll(pattern)].map(([, target = ""]) => ({
    from: file,
    to: target.startsWith(".")
      ? relative(root, normalize(join(root, dirname(file), target))).replace(/\.js$/, ".ts")
      : target,
  }))
}

function read(file: string): string {
  return readFileSync(join(root, file), "utf8")
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "")
}

function rowOf(file: string): string | undefined {
  return Object.keys(rules)
    .filter((row) => file.startsWith(`${row}/`))
    .sort((left, right) => right.length - left.length)[0]
}

function inside(target: string, allowed: string): boolean {
  return target === allowed || target.startsWith(allowed.endsWith(":") ? allowed : `${allowed}/`)
}
