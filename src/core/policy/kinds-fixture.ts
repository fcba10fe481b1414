import type { PolicyEnvironment } from "./environment.js"
import type { HostFacts } from "./policy.js"
import type { ProtectionKind } from "./protection.js"

/** A kind of protection for each form of value, so that tests of the language do not depend on what protections there are. */
export const testKinds: readonly ProtectionKind[] = [
  kind("malformed-null", "setting"),
  kind("invalid", "setting"),
  kind("new-tcp-without-syn", "setting", { aliases: ["new-tcp-w/o-syn"] }),
  kind("fragments", "setting", { options: { only: ["all", "tiny"] } }),
  kind("small-mss", "setting", { options: { below: "number" } }),
  kind("syn-floods", "setting", {
    limits: ["rate"],
    defaults: { limit: { form: "rate", rate: { count: 200, unit: "second" }, burst: 1000 } },
  }),
  kind("connections", "setting-and-per-port", { limits: ["count"] }),
  kind("throttle", "setting", { limits: ["ramp"] }),
  kind("port-floods", "setting-per-port", {
    limits: ["window"],
    defaults: { action: "block", blockFor: 600e9 },
    options: { lift: ["timeout", "until-quiet"] },
    outgoing: false,
  }),
  kind("decoy-ports", "ports", {
    limits: ["window"],
    defaults: { action: "block", limit: { form: "window", count: 1, duration: 600e9 } },
    outgoing: false,
  }),
  kind("open", "openings", { outgoing: false }),
  kind("blocklist", "addresses"),
  kind("bad-packets", "group", {
    aliases: ["bad"],
    members: ["malformed-null", "invalid", "fragments", "syn-floods"],
  }),
]

export const testHost: HostFacts = {
  defaultInterfaces: ["eth0"],
  defaultRoutes: 1,
  addresses: [],
  listening: [],
  ingressDevices: ["eth0"],
  egress: true,
}

/** Files by path; a pattern matches what begins and ends like it. */
export function testEnvironment(files: Readonly<Record<string, string>>, host = testHost): PolicyEnvironment {
  return {
    read: (path) => (Object.hasOwn(files, path) ? { text: files[path]! } : { problem: "no such file" }),
    glob(pattern) {
      const [start = "", end = ""] = pattern.split("*")
      return Object.keys(files).filter((path) => path.startsWith(start) && path.endsWith(end))
    },
    host,
  }
}

function kind(
  name: string,
  value: ProtectionKind["value"],
  more: Partial<Omit<ProtectionKind, "name" | "value">> = {},
): ProtectionKind {
  return {
    name,
    value,
    aliases: [],
    limits: [],
    defaults: {},
    outgoing: true,
    compile() {
      throw new Error("tests of the language compile nothing")
    },
    manual: {
      title: `Title of ${name}.`,
      text: "Text.",
      harms: `Clients that ${name} mistakes.`,
      example: `${name}: drop`,
    },
    ...more,
  }
}
