import { gzipSync } from "node:zlib"
import { concat } from "../../core/packet/build.js"
import { LINKTYPE_ETHERNET } from "../../core/packet/link-type.js"
import { encodePcap } from "../../core/packet/pcap-writer.js"
import { pcapngInterface, pcapngPacket, pcapngSection } from "../../core/packet/pcapng-writer.js"
import { type ActFrame, ActWriter, Numbers } from "./traffic/act.js"
import { sampleSizes } from "./traffic/attacks.js"
import { everything } from "./traffic/everything.js"
import { dnsAndFragments, portScan, sshBruteForce, webServerDay } from "./traffic/stories.js"

export interface Sample {
  /** Its file below samples/. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** Monday, 2 March 2026, 08:00 UTC: when all samples begin. */
const START = 1_772_438_400
/** From this size on a sample is packed. */
const LARGE = 100_000

/** The captures that the project ships, made of nothing but this program: the same bytes at each call. */
export function makeSamples(): Sample[] {
  const story = (name: string, write: (writer: ActWriter) => void) => {
    const writer = new ActWriter(new Numbers())
    write(writer)
    const frames = writer.frames
      .map(({ at, bytes }) => ({ time: at, bytes }))
      .sort((one, other) => one.time - other.time)
    return packed(`${name}.pcap`, encodePcap(frames, LINKTYPE_ETHERNET, START))
  }
  return [
    story("web-server-day", webServerDay),
    story("ssh-brute-force", sshBruteForce),
    story("port-scan", portScan),
    story("dns-and-fragments", dnsAndFragments),
    packed("laboratory.pcapng", laboratory()),
  ]
}

function packed(name: string, bytes: Uint8Array): Sample {
  return bytes.length > LARGE ? { name: `${name}.gz`, bytes: gzipSync(bytes, { level: 9 }) } : { name, bytes }
}

/** All traffic of `npm start` as the firewall's two devices see it, one act a tenth of a second after the other. */
function laboratory(): Uint8Array {
  const blocks = [
    pcapngSection(),
    pcapngInterface(LINKTYPE_ETHERNET, "wan0"),
    pcapngInterface(LINKTYPE_ETHERNET, "lan0"),
  ]
  let begun = 0
  for (const { frames } of everything(sampleSizes)) {
    for (const frame of frames) blocks.push(block(frame, begun + frame.at))
    begun += (frames.at(-1)?.at ?? 0) + 100_000_000
  }
  return concat(blocks)
}

function block({ side, bytes }: ActFrame, time: number): Uint8Array {
  const seconds = Math.floor(time / 1e9)
  return pcapngPacket({
    interfaceIndex: side === "inside" ? 1 : 0,
    seconds: START + seconds,
    nanoseconds: time - seconds * 1e9,
    bytes,
    wireLength: bytes.length,
    direction: side === "firewall" ? 2 : 1,
    comment: "",
  })
}
