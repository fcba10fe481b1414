#!/usr/bin/env node
/**
 * `node scripts/in-namespaces.mjs COMMAND…` runs a command where it may make network namespaces: as it is for root, and for an ordinary user in user, network
 * and mount namespaces of its own. Where those are restricted it runs all the same, and what needs them says so.
 */
import { spawnSync } from "node:child_process"

const [command, ...parameters] = process.argv.slice(2)
if (command === undefined) {
  process.stderr.write("usage: node scripts/in-namespaces.mjs COMMAND…\n")
  process.exit(2)
}

// Loopback is down in a new network namespace, and tests talk to themselves.
const enter = [
  "-Urnm",
  "sh",
  "-c",
  'PATH="$PATH:/usr/sbin:/sbin" ip link set lo up 2>/dev/null; exec "$@"',
  "sh",
]
const isRoot = process.getuid?.() === 0
const canEnter = !isRoot && spawnSync("unshare", ["-Urnm", "true"]).status === 0
const ran = canEnter
  ? spawnSync("unshare", [...enter, command, ...parameters], { stdio: "inherit" })
  : spawnSync(command, parameters, { stdio: "inherit" })
if (ran.error) process.stderr.write(`${command}: ${ran.error.message}\n`)
process.exit(ran.status ?? 1)
