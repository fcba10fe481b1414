import { expect, test } from "vitest"
import type { PortSelector } from "../../core/policy/policy.js"
import { atLeast, hasNetAdmin, kernelFeatures, parseVersion } from "./capabilities.js"
import { ingressDevices, listeningPorts } from "./facts.js"
import { parsePublishedPorts } from "./published.js"
import { countDefaultRoutes, parseDefaultRoutes, parseDevices } from "./routes.js"
import type { Socket } from "./sockets.js"

const show = (ports: readonly PortSelector[]) =>
  ports.map(
    ({ protocol, range }) => `${protocol} ${range.from}${range.to === range.from ? "" : `-${range.to}`}`,
  )

test("published ports are found in nft's text and in iptables-save's, by the port that the client dials", () => {
  const nft = `table ip nat {
	chain DOCKER {
		iifname != "docker0" tcp dport 8080 counter packets 0 bytes 0 dnat to 172.17.0.2:80
		iifname != "docker0" udp dport 53 counter dnat ip to 172.17.0.3:5353
		tcp dport { 443, 9000-9010 } dnat to 172.17.0.4
		tcp dport 3128 redirect to :8888
		ip daddr 192.0.2.1 dnat to 10.0.0.1
		tcp dport 22 accept
	}
}`
  expect(show(parsePublishedPorts(nft))).toEqual([
    "tcp 8080",
    "udp 53",
    "tcp 443",
    "tcp 9000-9010",
    "tcp 3128",
  ])
  const save = `*nat
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
-A PREROUTING -p udp -m multiport --dports 53,6000:6010 -j DNAT --to-destination 10.0.0.9
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT`
  expect(show(parsePublishedPorts(save))).toEqual(["tcp 8080", "udp 53", "udp 6000-6010"])
})

test("default routes: several next hops are several, nowhere is none, one of each family is one way out", () => {
  const four = parseDefaultRoutes(
    '[{"dst":"default","nexthops":[{"gateway":"192.0.2.1","dev":"eth0"},{"gateway":"198.51.100.1","dev":"eth1"}]}]',
    4,
  )
  const six = parseDefaultRoutes(
    '[{"dst":"default","gateway":"fe80::1","dev":"eth0"},{"type":"unreachable","dst":"default","dev":"lo"}]',
    6,
  )
  expect(four.map(({ device }) => device)).toEqual(["eth0", "eth1"])
  expect(six.map(({ device }) => device)).toEqual(["eth0"])
  expect(countDefaultRoutes([...four, ...six])).toBe(2)
  expect(countDefaultRoutes([four[0]!, ...six])).toBe(1)
  expect(countDefaultRoutes(parseDefaultRoutes("", 4))).toBe(0)
})

const links = JSON.stringify([
  { ifname: "lo", link_type: "loopback" },
  { ifname: "eth0", link_type: "ether" },
  { ifname: "ppp0", link_type: "ppp" },
  { ifname: "bond0", link_type: "ether", linkinfo: { info_kind: "bond" } },
  { ifname: "eth0.5", link_type: "ether", linkinfo: { info_kind: "vlan" } },
  { ifname: "eth2", link_type: "ether" },
  { ifname: "eth2.7", link: "eth2", link_type: "ether", linkinfo: { info_kind: "vlan" } },
  { ifname: "docker0", link_type: "ether", linkinfo: { info_kind: "bridge" } },
  { ifname: "veth1a2b3c4", link_type: "ether", master: "docker0", linkinfo: { info_kind: "veth" } },
  { ifname: "wan0", link_type: "ether", linkinfo: { info_kind: "veth" } },
  { ifname: "tun0", link_type: "none", linkinfo: { info_kind: "tun" } },
])

test.each([
  [{ major: 5, minor: 4 }, []],
  [{ major: 6, minor: 1 }, ["eth0", "bond0", "eth0.5", "eth2.7", "docker0", "wan0"]],
  [
    { major: 6, minor: 18 },
    ["eth0", "ppp0", "bond0", "eth0.5", "eth2.7", "docker0", "veth1a2b3c4", "wan0", "tun0"],
  ],
])("ingress chains on Linux %o stand at %o", (version, expected) => {
  expect(ingressDevices(parseDevices(links), kernelFeatures(version))).toEqual(expected)
})

test("listening: what somebody outside can reach, without the questions of clients", () => {
  const socket = (address: number, port: number, state: number): Socket => ({
    local: { address: { family: 4, words: [address] }, port },
    remote: { address: { family: 4, words: [0] }, port: 0 },
    state,
    inode: 1,
  })
  const tcp = [socket(0, 443, 10), socket(0, 22, 10), socket(0x7f000001, 6379, 10), socket(0, 22, 1)]
  const udp = [socket(0, 53, 7), socket(0, 40123, 7), socket(0xc0000201, 500, 1)]
  expect(show(listeningPorts(tcp, udp, { from: 32768, to: 60999 }))).toEqual(["tcp 22", "udp 53", "tcp 443"])
})

test("versions are numbers, not texts", () => {
  expect(parseVersion("6.1.0-18-amd64")).toEqual({ major: 6, minor: 1 })
  expect(parseVersion("nftables v1.0.6 (Lester Gooch #5)")).toEqual({ major: 1, minor: 0 })
  expect(atLeast({ major: 5, minor: 10 }, 5, 9)).toBe(true)
  expect(atLeast({ major: 5, minor: 9 }, 5, 10)).toBe(false)
  expect(atLeast({ major: 6, minor: 0 }, 5, 10)).toBe(true)
})

test("CAP_NET_ADMIN is bit 12 of the effective set", () => {
  expect(hasNetAdmin("Name:\tnode\nCapEff:\t000001ffffffffff\n")).toBe(true)
  expect(hasNetAdmin("Name:\tnode\nCapEff:\t0000000000001000\n")).toBe(true)
  expect(hasNetAdmin("Name:\tnode\nCapEff:\t000001ffffffefff\n")).toBe(false)
})
