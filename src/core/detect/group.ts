import type { Flow } from "../event/flow.js"

/** Does it go to a group (multicast)? */
export function isGroup({ family, destination0 }: Flow): boolean {
  return family === 4 ? destination0 >>> 28 === 14 : destination0 >>> 24 === 0xff
}
