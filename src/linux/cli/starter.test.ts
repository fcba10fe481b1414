import { expect, test } from "vitest"
import { type Survey, starterPolicy } from "./starter.js"

const webServer: Survey = {
  hostName: "www",
  defaultInterfaces: ["eth0"],
  defaultRoutes: 1,
  listeners: [
    { protocol: "tcp", range: { from: 22, to: 22 }, by: "sshd" },
    { protocol: "tcp", range: { from: 80, to: 80 }, by: "nginx" },
    { protocol: "tcp", range: { from: 8080, to: 8080 }, by: "published by a container" },
    { protocol: "udp", range: { from: 60000, to: 60010 } },
  ],
  resolvers: ["192.0.2.53", "2001:db8::53"],
  administrators: ["198.51.100.7"],
  schema: "/opt/floodwall/schema/policy.schema.json",
}

test("a web server's first policy", () => {
  expect(starterPolicy(webServer, { interfaces: [], preset: "default" })).toMatchInlineSnapshot(`
    "# yaml-language-server: $schema=/opt/floodwall/schema/policy.schema.json
    # Floodwall's policy for www. Try it before it counts:
    #   floodwall check                   every mistake at once
    #   floodwall replay traffic.pcap     what it would do to a capture of your traffic
    #   floodwall apply                   to the kernel; undone by itself unless you confirm
    version: 1

    # Where attackers are. auto: the device of the default route (eth0 at this moment).
    # What is not named is not touched.
    interfaces: { wan: auto }

    # Names for addresses, used below.
    addresses:
      # Where administrators are connected from at this moment.
      administrators: [198.51.100.7]
      # The name servers that this host asks.
      resolvers: [192.0.2.53, "2001:db8::53"]

    # Limited like others, but never kept out.
    never-block: [administrators, resolvers]

    # Packets that arrive there, for this host or through it.
    protect:
      wan:
        # default: harms nobody honest. Others: strong, watch, kura-flooding-protection.
        preset: default

        # Only these accept new inbound connections; left out, nothing is closed. What listens now, to the outside too:
        #   ssh              sshd
        #   http             nginx
        #   8080/tcp         published by a container
        #   60000-60010/udp
        # open: [ssh, http, 8080/tcp, 60000-60010/udp]

        # More than 5 new connections to ssh in five minutes, and the source is kept out for ten:
        # port-floods: { ssh: { limit: more than 5 in 300s, block-for: 10m } }

        # A host that may do more than others:
        # syn-floods: { limit: 200/second burst 1000, for: { 192.0.2.50: off } }
    "
  `)
})

test("named interfaces, and a host about which nothing is known", () => {
  const nothing: Survey = {
    hostName: "new",
    defaultInterfaces: [],
    defaultRoutes: 0,
    listeners: [],
    resolvers: [],
    administrators: [],
  }
  expect(starterPolicy(nothing, { interfaces: ["eth0", "br-*"], preset: "watch" })).toMatchInlineSnapshot(`
    "# Floodwall's policy for new. Try it before it counts:
    #   floodwall check                   every mistake at once
    #   floodwall replay traffic.pcap     what it would do to a capture of your traffic
    #   floodwall apply                   to the kernel; undone by itself unless you confirm
    version: 1

    # Where attackers are. What is not named is not touched.
    interfaces: { wan: [eth0, "br-*"] }

    # Packets that arrive there, for this host or through it.
    protect:
      wan:
        # watch: drops nothing: it counts and tells what the default would drop. Others: default, strong, kura-flooding-protection.
        preset: watch

        # Only these accept new inbound connections; left out, nothing is closed. Nothing listens here now.
        # open: [ssh]

        # More than 5 new connections to ssh in five minutes, and the source is kept out for ten:
        # port-floods: { ssh: { limit: more than 5 in 300s, block-for: 10m } }

        # A host that may do more than others:
        # syn-floods: { limit: 200/second burst 1000, for: { 192.0.2.50: off } }
    "
  `)
})
