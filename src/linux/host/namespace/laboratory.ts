import { type CaptureOptions, type FrameCapture, openFrameCapture } from "./frame-capture.js"
import { type FrameSender, openFrameSender } from "./frame-sender.js"
import { createNamespace, type NetworkNamespace, type Output, type RunOptions } from "./namespace.js"
import { switchOffloadsOff } from "./offloads.js"
import { openPacketLog, type PacketLog } from "./packet-log.js"

/**
 * Three hosts in network namespaces of their own, and the real kernel between them:
 *
 *     outside                    firewall                     inside
 *     eth0 ───────────────── wan0        lan0 ─────────────── eth0
 *     192.0.2.2            192.0.2.1   198.51.100.1         198.51.100.2
 *     2001:db8:1::2    2001:db8:1::1   2001:db8:2::1     2001:db8:2::2
 *     all the rest of the world                   198.51.100.0/24, 2001:db8:2::/64
 *
 * The wires carry nothing of their own: neighbours are written in, IPv6 does without duplicate detection and router advertisements, offloads are off so
 * that every frame and checksum is as a wire would have it, reverse path filters are off so that only rules judge. Everything ends with the process.
 */
export interface Laboratory {
  readonly outside: Host
  readonly firewall: Host
  readonly inside: Host
  /** Seconds since 1970 that the times of captures count from. */
  readonly epoch: number
  close(): void
}

export interface Host {
  readonly name: "outside" | "firewall" | "inside"
  readonly namespace: NetworkNamespace
  /** Runs a command on this host; see NetworkNamespace.run. */
  run(command: string, parameters: readonly string[], options?: RunOptions): Output
  /** Loads nft text in one transaction. Throws with nft's words where it is refused. */
  nft(text: string): void
  /** A sender on one of the host's devices; the same one at each call. */
  sender(device: string): FrameSender
  /** Frames that the sender of a device has sent. */
  sent(device: string): number
  capture(device: string, options?: Omit<CaptureOptions, "epoch">): FrameCapture
  log(group: number): PacketLog
}

export interface LaboratoryOptions {
  /**
   * `silent` (default): outside and inside have no addresses, so that they say nothing by themselves and answer nothing; frames are sent and captured there.
   * `live`: they are hosts with an IP stack, for real sockets and ping.
   */
  readonly hosts?: "silent" | "live"
  readonly mtu?: number
}

/** The hardware addresses are those that `buildPacket` writes by itself: a frame built anywhere can be sent from outside and from inside. */
export const address = {
  outside: { mac: "02:00:00:00:00:01", ipv4: "192.0.2.2", ipv6: "2001:db8:1::2" },
  wan: { mac: "02:00:00:00:00:02", ipv4: "192.0.2.1", ipv6: "2001:db8:1::1" },
  lan: { mac: "02:00:00:00:00:02", ipv4: "198.51.100.1", ipv6: "2001:db8:2::1" },
  inside: { mac: "02:00:00:00:00:01", ipv4: "198.51.100.2", ipv6: "2001:db8:2::2" },
} as const

/** Builds the three hosts. Throws where the machine does not let us: ask `laboratoryTrouble` first. */
export function createLaboratory(options: LaboratoryOptions = {}): Laboratory {
  const { hosts = "silent", mtu = 1500 } = options
  const epoch = Math.floor(Date.now() / 1000)
  const outside = createHost("outside", epoch)
  const firewall = createHost("firewall", epoch)
  const inside = createHost("inside", epoch)
  const all = [outside, firewall, inside]

  const wire = (device: string, mac: string, peer: Host, peerMac: string) =>
    `link add ${device} address ${mac} mtu ${mtu} type veth peer name eth0 address ${peerMac} mtu ${mtu} netns ${peer.namespace.path}`
  try {
    batch(
      firewall,
      `${wire("wan0", address.wan.mac, outside, address.outside.mac)}
       ${wire("lan0", address.lan.mac, inside, address.inside.mac)}`,
    )
    quiet(firewall, ["wan0", "lan0"])
    quiet(outside, ["eth0"])
    quiet(inside, ["eth0"])
    firewall.namespace.sysctl("net/ipv4/ip_forward", 1)
    firewall.namespace.sysctl("net/ipv6/conf/all/forwarding", 1)
    for (const host of [outside, inside]) {
      if (hosts === "silent") host.namespace.sysctl("net/ipv6/conf/eth0/disable_ipv6", 1)
      batch(host, `${oneSegment("eth0")}\nlink set eth0 ${hosts === "silent" ? "arp off up" : "up"}`)
    }
    batch(
      firewall,
      `${oneSegment("wan0")}
       ${oneSegment("lan0")}
       link set wan0 up
       link set lan0 up
       ${addresses("wan0", address.wan, address.outside)}
       ${addresses("lan0", address.lan, address.inside)}
       route add default via ${address.outside.ipv4} dev wan0
       -6 route add default via ${address.outside.ipv6} dev wan0
       route add 198.51.100.0/24 via ${address.inside.ipv4} dev lan0
       -6 route add 2001:db8:2::/64 via ${address.inside.ipv6} dev lan0`,
    )
    if (hosts === "live") {
      for (const [host, mine, router] of [
        [outside, address.outside, address.wan],
        [inside, address.inside, address.lan],
      ] as const)
        batch(
          host,
          `${addresses("eth0", mine, router)}
           route add default via ${router.ipv4}
           -6 route add default via ${router.ipv6} dev eth0`,
        )
    }
  } catch (failure) {
    close()
    throw failure
  }
  return { outside, firewall, inside, epoch, close }

  function close(): void {
    for (const host of all) host.close()
  }
}

interface ClosableHost extends Host {
  close(): void
}

function createHost(name: Host["name"], epoch: number): ClosableHost {
  const namespace = createNamespace()
  const senders = new Map<string, FrameSender>()
  const closers: (() => void)[] = []
  return {
    name,
    namespace,
    run: namespace.run,
    nft(text) {
      namespace.run("nft", ["-f", "-"], { input: text })
    },
    sender(device) {
      let sender = senders.get(device)
      if (!sender) {
        sender = openFrameSender(namespace, device)
        senders.set(device, sender)
        closers.push(sender.close)
      }
      return sender
    },
    sent: (device) => senders.get(device)?.total ?? 0,
    capture(device, options = {}) {
      const capture = openFrameCapture(namespace, device, { ...options, epoch })
      closers.push(capture.close)
      return capture
    },
    log(group) {
      const log = openPacketLog(namespace, group)
      closers.push(log.close)
      return log
    },
    close() {
      for (const closer of closers) closer()
      namespace.close()
    },
  }
}

/** What a host says without being asked would stand in every capture and take from every limit. */
function quiet(host: Host, devices: readonly string[]): void {
  const { sysctl } = host.namespace
  for (const device of ["all", "default", ...devices]) {
    sysctl(`net/ipv4/conf/${device}/rp_filter`, 0)
    sysctl(`net/ipv6/conf/${device}/accept_dad`, 0)
    sysctl(`net/ipv6/conf/${device}/accept_ra`, 0)
    sysctl(`net/ipv6/conf/${device}/router_solicitations`, 0)
    sysctl(`net/ipv6/conf/${device}/mldv2_unsolicited_report_interval`, 100_000_000)
  }
  for (const device of devices) {
    // No link-local address by itself; the laboratory's addresses are all there are.
    sysctl(`net/ipv6/conf/${device}/addr_gen_mode`, 1)
    switchOffloadsOff(host.namespace, device)
  }
}

/** TCP cuts late whatever the device can (net/core/sock.c, sk_setup_caps): a hook would see packets that no wire has. */
function oneSegment(device: string): string {
  return `link set ${device} gso_max_segs 1`
}

interface End {
  readonly mac: string
  readonly ipv4: string
  readonly ipv6: string
}

function addresses(device: string, mine: End, other: End): string {
  return `addr add ${mine.ipv4}/30 dev ${device}
    -6 addr add ${mine.ipv6}/126 dev ${device} nodad
    neigh replace ${other.ipv4} lladdr ${other.mac} dev ${device} nud permanent
    -6 neigh replace ${other.ipv6} lladdr ${other.mac} dev ${device} nud permanent`
}

/** `ip -batch` takes no `-6` inside; each line is a command of its own family. */
function batch(host: Host, text: string): void {
  const lines = text.split("\n").map((line) => line.trim())
  for (const [family, wanted] of [
    ["-4", lines.filter((line) => line !== "" && !line.startsWith("-6"))],
    ["-6", lines.filter((line) => line.startsWith("-6")).map((line) => line.slice(3))],
  ] as const)
    if (wanted.length > 0) host.run("ip", [family, "-batch", "-"], { input: `${wanted.join("\n")}\n` })
}
