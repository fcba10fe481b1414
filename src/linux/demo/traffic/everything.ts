import { type Act, Numbers, worlds } from "./act.js"
import { attackActs, forgedFlood, type Sizes } from "./attacks.js"
import { honestActs } from "./honest.js"

/** All traffic of the main job, in the order in which it is sent: the floods that fill tables last, and honest hosts again after them. The same at each call. */
export function everything(sizes: Sizes): Act[] {
  const numbers = new Numbers()
  return [
    ...worlds.flatMap((world) => honestActs(world, numbers)),
    ...worlds.flatMap((world) => attackActs(world, numbers, sizes)),
    ...worlds.map((world) => forgedFlood(world, numbers, sizes)),
  ].filter(({ frames }) => frames.length > 0)
}
