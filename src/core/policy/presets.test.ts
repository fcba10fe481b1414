import { expect, test } from "vitest"
import { testEnvironment, testHost } from "./kinds-fixture.js"
import { loadPolicy } from "./load.js"
import { presets } from "./presets.js"
import { printPolicy } from "./print.js"

/** The preset as it is in force on a host. */
function inForce(preset: string, host = testHost): string {
  const text = `interfaces: { wan: auto, lan: eth1 }\nprotect: { wan: ${preset} }`
  const { policy, diagnostics } = loadPolicy({ path: "p.yaml", text }, testEnvironment({}, host))
  const said = diagnostics.map(({ severity, message, id }) => `${severity}: ${message} [${id}]`)
  const printed = policy ? printPolicy(policy).replace(/ {2}#.*$/gm, "") : ""
  return [...said, printed].join("\n")
}

test("every word of a preset is known", () => {
  const host = { ...testHost, defaultRoutes: 2 }
  for (const { name } of presets) expect(inForce(name)).not.toContain("error")
  for (const { name } of presets) expect(inForce(name, host)).not.toContain("error")
})

test("default", () => {
  expect(inForce("default")).toMatchInlineSnapshot(`
    "version: 1
    interfaces:
      wan: [eth0]
      lan: [eth1]
    protect:
      wan:
        malformed-null: drop
        malformed-xmas: drop
        malformed-bad: drop
        land: drop
        spoofed-source: drop
        invalid: drop
        new-tcp-without-syn: drop
        fragments:
          which: tiny-and-overlapping
          action: drop
        small-mss:
          minimum: 88
          action: drop
        icmp-floods:
          limit: 50/second burst 200
          action: drop
        syn-floods:
          limit: 200/second burst 1000
          action: drop
        udp-floods:
          limit: 2000/second burst 2000
          action: notify
        syn-data: notify
        connections:
          limit: 300
          action: notify
        decoy-ports:
          ports: [23/tcp, 2323/tcp, 3389/tcp, 5900/tcp]
          limit: more than 1 in 10m
          action: block
          block-for: 10m
      lan: {}
    detect:
      port-scan:
        limit: more than 19 in 1m
        action: block
        block-for: 1h
      slow-port-scan:
        limit: more than 39 in 1d
        action: block
        block-for: 1h
      udp-port-scan:
        limit: more than 19 in 1m
        action: notify
      distributed-port-scan:
        limit: more than 39 in 1m
        action: notify
      ping-sweep:
        limit: more than 31 in 1m
        action: notify
      decoy-contacts:
        limit: more than 1 in 10m
        action: block
        block-for: 1h
      failed-logins:
        limit: more than 9 in 10m
        action: block
        block-for: 1h
      syn-flood:
        limit: more than 1000 in 10s
        action: notify
      tcp-flood:
        limit: more than 1000 in 10s
        action: notify
      udp-flood:
        limit: more than 2000 in 1s
        action: notify
      icmp-flood:
        limit: more than 1000 in 10s
        action: notify
      connection-flood:
        limit: 1000
        action: notify
      distributed-flood:
        limit: more than 1000 in 5s
        action: notify
      malformed-packets:
        limit: more than 9 in 1m
        action: notify
      fragment-attack: notify
      land-attack: notify
      smurf:
        limit: more than 9 in 10s
        action: notify
      unsolicited-syn-ack:
        limit: more than 19 in 1m
        action: notify
      data-in-syn: notify
      leak: notify
      forged-source:
        limit: more than 2 in 1m
        action: notify
      intrusion-alert: notify
    "
  `)
})

test("strong", () => {
  expect(inForce("strong")).toMatchInlineSnapshot(`
    "version: 1
    interfaces:
      wan: [eth0]
      lan: [eth1]
    protect:
      wan:
        malformed-null: drop
        malformed-xmas: drop
        malformed-bad: drop
        land: drop
        spoofed-source: drop
        invalid: drop
        new-tcp-without-syn: drop
        fragments:
          which: all
          action: drop
        small-mss:
          minimum: 88
          action: drop
        icmp-floods:
          limit: 100/second burst 50
          action: drop
        syn-floods:
          limit: 100/second burst 50
          action: drop
        udp-floods:
          limit: 2000/second burst 2000
          action: notify
        syn-data: notify
        connections:
          limit: 300
          action: notify
        decoy-ports:
          ports: [23/tcp, 2323/tcp, 3389/tcp, 5900/tcp]
          limit: more than 1 in 10m
          action: block
          block-for: 10m
      lan: {}
    detect:
      port-scan:
        limit: more than 19 in 1m
        action: block
        block-for: 1h
      slow-port-scan:
        limit: more than 39 in 1d
        action: block
        block-for: 1h
      udp-port-scan:
        limit: more than 19 in 1m
        action: notify
      distributed-port-scan:
        limit: more than 39 in 1m
        action: notify
      ping-sweep:
        limit: more than 31 in 1m
        action: notify
      decoy-contacts:
        limit: more than 1 in 10m
        action: block
        block-for: 1h
      failed-logins:
        limit: more than 9 in 10m
        action: block
        block-for: 1h
      syn-flood:
        limit: more than 1000 in 10s
        action: notify
      tcp-flood:
        limit: more than 1000 in 10s
        action: notify
      udp-flood:
        limit: more than 2000 in 1s
        action: notify
      icmp-flood:
        limit: more than 1000 in 10s
        action: notify
      connection-flood:
        limit: 1000
        action: notify
      distributed-flood:
        limit: more than 1000 in 5s
        action: notify
      malformed-packets:
        limit: more than 9 in 1m
        action: notify
      fragment-attack: notify
      land-attack: notify
      smurf:
        limit: more than 9 in 10s
        action: notify
      unsolicited-syn-ack:
        limit: more than 19 in 1m
        action: notify
      data-in-syn: notify
      leak: notify
      forged-source:
        limit: more than 2 in 1m
        action: notify
      intrusion-alert: notify
    "
  `)
})

test("watch: all of default, and nothing above notify", () => {
  const names = (preset: string) =>
    inForce(preset)
      .split("detect:")[0]!
      .match(/^ {4}[a-z-]+(?=:)/gm)
  expect(names("watch")).toEqual(names("default"))
  expect(inForce("watch")).not.toMatch(/drop|block/)
})

test("kura-flooding-protection", () => {
  expect(inForce("kura-flooding-protection")).toMatchInlineSnapshot(`
    "version: 1
    interfaces:
      wan: [eth0]
      lan: [eth1]
    protect:
      wan:
        kura-flooding-protection: drop
      lan: {}
    "
  `)
})

test("several default routes, a port that something listens on, a zone inside", () => {
  const two = inForce("default", { ...testHost, defaultRoutes: 2 })
  expect(two).toContain("[asymmetric-routes]")
  expect(two).toContain("invalid: notify\n    new-tcp-without-syn: notify")
  const telnet = { protocol: "tcp", range: { from: 23, to: 23 } } as const
  expect(inForce("default", { ...testHost, listening: [telnet] })).toContain(
    "ports: [2323/tcp, 3389/tcp, 5900/tcp]",
  )
  const inside = { ...testHost, defaultInterfaces: ["eth1"] }
  const text = "interfaces: { lan: eth0, wan: eth1 }\nprotect: { lan: default, wan: default }"
  const { policy } = loadPolicy({ path: "p.yaml", text }, testEnvironment({}, inside))
  const decoys = policy?.zones.map(({ incoming }) => incoming.some(({ name }) => name === "decoy-ports"))
  expect(decoys).toEqual([false, true])
})

test("watch watches what the zone adds, unless that says drop itself", () => {
  const text = `interfaces: { wan: auto }
protect: { wan: { preset: watch, syn-floods: 10/second, connections: { limit: 9, action: drop }, outgoing: { invalid: {} } } }`
  const { policy, diagnostics } = loadPolicy({ path: "p.yaml", text }, testEnvironment({}))
  expect(diagnostics).toEqual([])
  const steps = [...policy!.zones[0]!.incoming, ...policy!.zones[0]!.outgoing].map(({ name, action }) => [
    name,
    action,
  ])
  expect(steps.filter(([, action]) => action !== "notify")).toEqual([["connections", "drop"]])
  expect(steps.filter(([name]) => name === "syn-floods" || name === "invalid").length).toBe(3)
})

test("a port that the zone's own words name is no decoy", () => {
  const text =
    "interfaces: { wan: auto }\nprotect: { wan: { preset: default, open: [3389/tcp], port-floods: { 5900: more than 5 in 60s } } }"
  const { policy } = loadPolicy({ path: "p.yaml", text }, testEnvironment({}))
  const decoys = policy?.zones[0]?.incoming.find(({ name }) => name === "decoy-ports")
  expect(decoys?.ports.map(({ range }) => range.from)).toEqual([23, 2323])
})
