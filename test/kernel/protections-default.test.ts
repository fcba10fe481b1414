import { expect } from "vitest"
import { buildPacket } from "../../src/core/packet/build.js"
import { Numbers, worlds } from "../../src/linux/demo/traffic/act.js"
import { honestActs } from "../../src/linux/demo/traffic/honest.js"
import { settle } from "../../src/linux/host/namespace/frame-capture.js"
import { createReferee } from "../../src/linux/host/namespace/referee.js"
import { play } from "./support/agree.js"
import { kernelTest } from "./support/kernel-test.js"
import { counts, passes, placeProbes, protect, rulesFor } from "./support/protect.js"

const numbers = new Numbers()

/** What `default` and `default` with some ports open must not touch: every packet of these passes, and no protection counts one. */
for (const world of worlds) {
  for (const act of honestActs(world, numbers)) {
    for (const placement of ["ingress", "prerouting"] as const) {
      kernelTest(`default, ${placement}, ${act.kind}, IPv${act.family}`, ({ laboratory }) => {
        protect(laboratory, rulesFor("preset: default", placement))
        const referee = createReferee(laboratory, { conntrack: true })
        play(laboratory, act.frames, referee, true)
        settle(20)
        // `connections` is `notify` in default: it counts the office's 400, and lets them past.
        const { "wan/connections": _told, ...dropped } = counts(laboratory)
        expect(dropped).toEqual({})
      })
    }
  }
}

const dhcpAnswer = (destination: string) =>
  buildPacket({
    destinationMac: "ff:ff:ff:ff:ff:ff",
    source: "192.0.2.2",
    destination,
    udp: { sourcePort: 67, destinationPort: 68 },
    payload: 300,
  })

kernelTest("open leaves DHCP answers, group messages and neighbour discovery alone", ({ laboratory }) => {
  placeProbes(laboratory)
  protect(laboratory, rulesFor("preset: default\nopen: [80/tcp]", "ingress"))
  laboratory.outside.sender("eth0").send([{ bytes: dhcpAnswer("255.255.255.255") }])
  const passed = passes(
    laboratory,
    `192.0.2.2 > 224.0.0.1 igmp len 8 ttl 1
[2001:db8:66::9]:547 > [2001:db8:1::1]:546 udp len 30
203.0.113.9:5 > 192.0.2.1:80 S
203.0.113.9:6 > 192.0.2.1:81 S`,
  )
  expect(counts(laboratory)).toEqual({ "wan/open": 1 })
  // The group message is for no group of this host's, and goes nowhere.
  expect(passed).toBeGreaterThanOrEqual(2)
  const neighbours = laboratory.firewall.run("nft", ["list", "table", "inet", "probe"])
  expect(neighbours.status).toBe(0)
})

kernelTest("ESP, GRE and broadcast survive default", ({ laboratory }) => {
  placeProbes(laboratory)
  protect(laboratory, rulesFor("preset: default", "ingress"))
  laboratory.outside.sender("eth0").send([{ bytes: dhcpAnswer("255.255.255.255") }])
  const script = `203.0.113.9 > 192.0.2.1 esp len 60
203.0.113.9 > 192.0.2.1 gre len 60
203.0.113.9 > 192.0.2.1 ah len 60`
  expect(passes(laboratory, script)).toBe(3)
  expect(counts(laboratory)).toEqual({})
})

/** Two programs of one host: one sends to a group or to all, the other hears it, on the device that the zone names. Prints how often: as soon as it was all, and a little later for what is too much. */
const ownGroups = `
const { createSocket } = require("node:dgram")
const ways = [["udp4", "224.0.0.251", "192.0.2.1"], ["udp6", "ff02::fb%wan0", "::%wan0"], ["udp4", "192.0.2.255"]]
let heard = 0
for (const [type, to, own] of ways) {
  const port = 5000 + ways.findIndex((way) => way[1] === to)
  const listener = createSocket({ type, reuseAddr: true }).on("message", () => { if (++heard === 15) setTimeout(end, 50) })
  listener.bind(port, () => {
    if (own) listener.addMembership(to, own)
    const sender = createSocket(type)
    sender.bind(0, () => {
      if (own) sender.setMulticastInterface(own)
      else sender.setBroadcast(true)
      for (let sent = 0; sent < 5; sent++) sender.send("hello", port, to)
    })
  })
}
function end() { console.log(heard); process.exit() }
setTimeout(end, 20000)
`

for (const placement of ["ingress", "prerouting"] as const) {
  for (const wan of ["preset: default", "open: []", "spoofed-source: drop", "all-floods: 1/day burst 1"]) {
    kernelTest(`${wan}, ${placement}, leaves this host's own group messages alone`, ({ laboratory }) => {
      protect(laboratory, rulesFor(wan, placement))
      laboratory.firewall.run("ip", [
        "addr",
        "replace",
        "192.0.2.1/24",
        "broadcast",
        "192.0.2.255",
        "dev",
        "wan0",
      ])
      expect(laboratory.firewall.run("node", ["-e", ownGroups]).stdout.trim()).toBe("15")
      expect(counts(laboratory)).toEqual({})
    })
  }
}

for (const placement of ["ingress", "prerouting"] as const) {
  kernelTest(`${placement}: who says from outside that it is this host is no loop`, ({ laboratory }) => {
    placeProbes(laboratory)
    protect(laboratory, rulesFor("spoofed-source: drop", placement))
    const forged = `192.0.2.1:5 > 224.0.0.251:5000 udp len 20
mac 02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff 192.0.2.1:6 > 192.0.2.255:5000 udp len 20
[2001:db8:1::1]:5 > [2001:db8:1::1]:5 udp len 20
203.0.113.9:5 > 192.0.2.1:5 udp len 20`
    expect(passes(laboratory, forged)).toBe(1)
    expect(counts(laboratory)).toEqual({ "wan/spoofed-source": 3 })
  })
}
