import { ACK, FIN, RST, SYN } from "../../../src/core/packet/packet.js"
import { type ActFrame, ActWriter, Numbers, type World, worlds } from "../../../src/linux/demo/traffic/act.js"
import { attackActs, forgedFlood } from "../../../src/linux/demo/traffic/attacks.js"
import { honestActs } from "../../../src/linux/demo/traffic/honest.js"

/** All traffic of the demonstration, honest and hostile, with small floods, for the firewall and through it, both families; and a host inside that was taken over. */
export const traffic: readonly ActFrame[] = (() => {
  const numbers = new Numbers()
  const sizes = { flood: 200, forged: { 4: 200, 6: 200 } }
  return worlds
    .flatMap((world) => [
      ...honestActs(world, numbers).filter(({ kind }) => !kind.startsWith("an office")),
      ...attackActs(world, numbers, sizes),
      forgedFlood(world, numbers, sizes),
    ])
    .flatMap(({ frames }) => frames)
    .concat(worlds.flatMap((world) => fromInside(world, numbers)))
})()

/** What outgoing protections are for. */
function fromInside(world: World, numbers: Numbers): readonly ActFrame[] {
  const writer = new ActWriter(numbers)
  const tcp = (flags: number, sourcePort: number) =>
    writer.packet("inside", {
      source: world.inside,
      destination: world.attacker(900),
      tcp: { sourcePort, destinationPort: 80, flags, acknowledgement: 1 },
    })
  for (let port = 0; port < 20; port++) tcp(SYN, 9000 + port)
  for (const flags of [SYN | FIN, SYN | RST, RST, ACK]) tcp(flags, 9100 + flags)
  return writer.frames
}
