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
