import { int } from "./frame-sender.js"
import { libc } from "./libc.js"
import type { NetworkNamespace } from "./namespace.js"

// include/uapi/linux/ethtool.h: what `ethtool -K DEV rx off tx off sg off tso off gso off gro off` asks for. ethtool itself may not be installed.
const SIOCETHTOOL = 0x8946
const switches = [0x15, 0x17, 0x19, 0x1f, 0x24, 0x2c]
const AF_INET = 2
const SOCK_DGRAM = 2

/** Makes a device carry frames as a wire does: whole checksums, nothing merged, nothing split later. */
export function switchOffloadsOff(namespace: NetworkNamespace, device: string): void {
  const library = libc()
  const fd = namespace.inside(() => library.socket(AF_INET, SOCK_DGRAM, 0))
  const value = library.allocate(4096)
  if (fd < 0 || !value) throw new Error(`offloads of ${device}: ${library.errorName()}`)
  for (const command of switches) {
    value.bytes.set(int(command))
    value.bytes.fill(0, 4, 8)
    const request = new Uint8Array(40)
    new TextEncoder().encodeInto(device, request.subarray(0, 15))
    new DataView(request.buffer).setBigUint64(16, BigInt(value.address), true)
    // A switch that the device has not, it need not turn off.
    library.ioctl(fd, SIOCETHTOOL, request)
  }
  library.free(value)
  library.close(fd)
}
