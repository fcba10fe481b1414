import type { Generation } from "../../core/backend/nft/names.js"
import { kernelFeatures, kernelVersion } from "./capabilities.js"
import { type Block, parseListing } from "./listing.js"
import { createNamespace, type NetworkNamespace } from "./namespace/namespace.js"
import { parseNftErrors, refusedByKernel } from "./nft.js"
import { done, fail, type Outcome } from "./outcome.js"

/**
 * What the kernel would list if it got this text: loaded into a network namespace that exists for this moment only.
 * That is the honest way to compare text with a kernel: nft writes rules back in a form of its own.
 * `devices`: those that ingress chains name, made as stand-ins where a kernel wants to see them.
 */
export function listInScratch(
  text: string,
  devices: readonly string[],
  generation: Generation,
): Outcome<readonly Block[]> {
  let namespace: NetworkNamespace
  try {
    namespace = createNamespace()
  } catch (error) {
    return fail(
      "cannot",
      "no-scratch",
      `no network namespace can be made to compare in: ${(error as Error).message}`,
      "it takes CAP_SYS_ADMIN: run it on the host, not in a container",
    )
  }
  try {
    if (!kernelFeatures(kernelVersion()).missingDevices) devices.forEach(addStandIn(namespace))
    const loaded = namespace.run("nft", ["-f", "-"], { input: text, fails: "allowed" })
    if (loaded.status !== 0) return refusedByKernel(parseNftErrors(loaded.stderr, text))
    return done(parseListing(namespace.run("nft", ["-s", "list", "ruleset"]).stdout, generation))
  } finally {
    namespace.close()
  }
}

/** A kernel without dummy devices has veth; a device that cannot be made shows itself in the kernel's refusal. */
function addStandIn(namespace: NetworkNamespace) {
  return (device: string, index: number) => {
    const dummy = namespace.run("ip", ["link", "add", device, "type", "dummy"], { fails: "allowed" })
    if (dummy.status === 0) return
    const peer = ["peer", "name", `peer${index}`]
    namespace.run("ip", ["link", "add", device, "type", "veth", ...peer], { fails: "allowed" })
  }
}
