import { spawnSync } from "node:child_process"
import { chownSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { beforeEach, expect, onTestFinished, test } from "vitest"
import { conntrackIsOn } from "../../src/linux/host/conntrack.js"
import { gatherFacts } from "../../src/linux/host/facts.js"
import { readKernel } from "../../src/linux/host/kernel.js"
import { address, createLaboratory, type Laboratory } from "../../src/linux/host/namespace/laboratory.js"
import { userNamespaceTrouble } from "../../src/linux/host/namespace/trouble.js"
import { load } from "../../src/linux/host/nft.js"
import { failed } from "../../src/linux/host/outcome.js"
import { readPublishedPorts } from "../../src/linux/host/published.js"
import { listInScratch } from "../../src/linux/host/scratch.js"
import { serveEcho } from "./support/gateway.js"
import { needsKernel, skipWithout } from "./support/kernel-test.js"

let laboratory: Laboratory

beforeEach(({ skip }) => {
  needsKernel({ skip })
  laboratory = createLaboratory({ hosts: "live" })
  onTestFinished(() => laboratory.close())
})

const onFirewall = <T>(work: () => T) => laboratory.firewall.namespace.inside(work)

test("facts of a host: ways out, addresses, devices that stay, and published ports as the client dials them", () => {
  const { firewall } = laboratory
  firewall.run("iptables", [
    "-t",
    "nat",
    "-A",
    "PREROUTING",
    "-p",
    "tcp",
    "--dport",
    "8080",
    "-j",
    "DNAT",
    "--to",
    "198.51.100.2:80",
  ])
  firewall.nft(
    "table ip containers {\n\tchain pre {\n\t\ttype nat hook prerouting priority -100;\n\t\tudp dport 5353 dnat to 198.51.100.2:53\n\t}\n}\n",
  )
  const facts = onFirewall(gatherFacts)
  expect(facts).toMatchObject({ defaultInterfaces: ["wan0"], defaultRoutes: 1 })
  expect(facts.ingressDevices).toEqual(expect.arrayContaining(["wan0", "lan0"]))
  expect(facts.ingressDevices).not.toContain("lo")
  const ports = facts.listening.map(({ protocol, range }) => `${protocol} ${range.from}`)
  expect(ports).toEqual(expect.arrayContaining(["tcp 8080", "udp 5353"]))
  expect(facts.addresses.length).toBeGreaterThanOrEqual(4)
})

test("a second default route is seen", () => {
  laboratory.firewall.run("ip", [
    "route",
    "add",
    "default",
    "via",
    "198.51.100.2",
    "dev",
    "lan0",
    "metric",
    "200",
  ])
  expect(onFirewall(gatherFacts)).toMatchObject({ defaultInterfaces: ["wan0", "lan0"], defaultRoutes: 2 })
})

test("so is one in a table of its own, as several providers have it", () => {
  const route = ["default", "via", "198.51.100.2", "dev", "lan0", "table", "100"]
  expect(onFirewall(gatherFacts)).toMatchObject({ defaultInterfaces: ["wan0"], defaultRoutes: 1 })
  laboratory.firewall.run("ip", ["route", "add", ...route])
  expect(onFirewall(gatherFacts)).toMatchObject({ defaultInterfaces: ["wan0"], defaultRoutes: 2 })
})

test("gathering facts and asking for conntrack leaves the kernel as it is, legacy tables too", async () => {
  const { firewall } = laboratory
  await serveEcho(firewall, 81)
  const look = () =>
    [
      firewall.run("nft", ["-a", "list", "ruleset"]),
      firewall.run("cat", ["/proc/net/ip_tables_names", "/proc/net/ip6_tables_names"]),
      firewall.run("cat", ["/proc/sys/net/netfilter/nf_conntrack_count"]),
    ].map(({ stdout }) => stdout)
  const before = look()
  onFirewall(gatherFacts)
  expect(onFirewall(conntrackIsOn)).toBe(false)
  expect(onFirewall(readKernel)).toMatchObject({ value: { inForce: null } })
  expect(look()).toEqual(before)
  firewall.nft(
    "table inet other {\n\tchain c {\n\t\ttype filter hook input priority 0;\n\t\tct state new counter\n\t}\n}\n",
  )
  expect(onFirewall(conntrackIsOn)).toBe(true)
})

test("what the kernel refuses is told with the line that it is about, and changes nothing", () => {
  const text =
    "table inet floodwall {\n\tchain c {\n\t\ttype filter hook input priority 0;\n\t\tjump nowhere\n\t}\n}\n"
  const loaded = onFirewall(() => load(text))
  expect(failed(loaded) && loaded.failure).toMatchObject({
    kind: "cannot",
    diagnostics: [{ id: "kernel-refuses", hint: expect.stringContaining("jump nowhere") }],
  })
  expect(laboratory.firewall.run("nft", ["list", "ruleset"]).stdout).toBe("")
})

test("a scratch namespace lists rules for devices that are not there, and leaves nothing", () => {
  const text =
    'table inet floodwall {\n\tchain c.a {\n\t\ttype filter hook ingress device "nowhere0" priority -500;\n\t\tcounter drop\n\t}\n}\n'
  const listed = listInScratch(text, ["nowhere0"], "a")
  expect(failed(listed) ? listed.failure : listed.value).toMatchObject([
    { name: "inet floodwall chain c", lines: [expect.stringContaining("nowhere0"), "counter drop"] },
  ])
  expect(laboratory.firewall.run("nft", ["list", "ruleset"]).stdout).toBe("")
})

test("an ordinary user has the whole life of a policy in a user namespace", (context) => {
  const trouble = process.getuid?.() === 0 ? userNamespaceTrouble() : "not root, so already in one"
  if (trouble !== null) skipWithout(context, trouble)
  const folder = mkdtempSync(join(tmpdir(), "floodwall-test-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  chownSync(folder, 65534, 65534)
  const program = fileURLToPath(new URL("../../bin/floodwall", import.meta.url))
  const script = `set -e
    floodwall() { "$NODE" "$PROGRAM" "$@"; }
    ip link set lo up; ip link add wan0 type veth peer name peer0; ip link set wan0 up
    printf 'version: 1\\ninterfaces: { wan: wan0 }\\nprotect: { wan: { open: [ssh] } }\\n' > policy.yaml
    floodwall apply --confirm 20 policy.yaml; floodwall confirm; floodwall apply policy.yaml; floodwall diff policy.yaml
    floodwall status > /dev/null; floodwall remove; test -z "$(nft list ruleset)"`
  const user = [
    "--reuid",
    "65534",
    "--regid",
    "65534",
    "--clear-groups",
    "unshare",
    "-Urnm",
    "sh",
    "-c",
    script,
  ]
  const ran = spawnSync("setpriv", user, {
    cwd: folder,
    encoding: "utf8",
    env: {
      PATH: "/usr/sbin:/sbin:/usr/bin:/bin",
      NODE: process.execPath,
      PROGRAM: program,
      FLOODWALL_STATE: join(folder, "state"),
    },
  })
  expect([ran.status, ran.stderr]).toEqual([0, ""])
  expect(ran.stdout).toMatch(/^changed.*on trial$/m)
  expect(ran.stdout).toMatch(/^Confirmed/m)
  expect(ran.stdout).toMatch(/^unchanged/m)
  expect(ran.stdout).toMatch(/^no difference$/m)
})

test.each(["iptables", "ip6tables", "iptables-legacy", "ip6tables-legacy"])(
  "ports that %s publishes are found; without its rules there are none",
  (tool) => {
    const ports = () => onFirewall(readPublishedPorts).map(({ range }) => range.from)
    expect(ports()).toEqual([])
    const to = tool.startsWith("ip6") ? `[${address.inside.ipv6}]:80` : `${address.inside.ipv4}:80`
    const rule = `-t nat -A PREROUTING -p tcp -m multiport --dports 81,8080 -j DNAT --to ${to}`
    laboratory.firewall.run(tool, rule.split(" "))
    expect(ports()).toEqual([81, 8080])
  },
)
