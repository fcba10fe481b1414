import type { Extension } from "../extension.js"
import { masked } from "../value-number.js"
import { realmStep } from "./surroundings-step.js"

export const realm: Extension = {
  name: "realm",
  role: "match",
  families: [4],
  hooks: ["INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  options: [{ name: "realm", value: masked(), required: true, invertible: true }],
  compile: realmStep,
  assumes: "the route is of realm 0",
  manual: {
    title: "iptables: realm",
    text: "The realm of the route that the packet takes.",
    example: "rt classid 1",
  },
}
