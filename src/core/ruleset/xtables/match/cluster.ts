import type { Extension } from "../extension.js"
import { hasOption, numberOf } from "../option.js"
import { badOptions } from "../problem.js"
import { unknownMatch } from "../unknown-step.js"
import { number } from "../value-number.js"

export const cluster: Extension = {
  name: "cluster",
  role: "match",
  families: [4, 6],
  needsConntrack: true,
  options: [
    {
      name: "cluster-local-nodemask",
      value: number({ maximum: 0xffffffff, hex: 8 }),
      invertible: true,
      excludes: ["cluster-local-node"],
    },
    { name: "cluster-local-node", value: number({ minimum: 1, maximum: 32 }), invertible: true },
    { name: "cluster-total-nodes", value: number({ minimum: 1, maximum: 32 }), required: true },
    { name: "cluster-hash-seed", value: number({ maximum: 0xffffffff, hex: 8 }), required: true },
  ],
  normal: (options) =>
    options.map((option) =>
      option.name === "cluster-local-node"
        ? { ...option, name: "cluster-local-nodemask", value: (1 << ((option.value as number) - 1)) >>> 0 }
        : option,
    ),
  check: (options) => {
    if (!hasOption(options, "cluster-local-nodemask"))
      return badOptions("cluster needs --cluster-local-node or --cluster-local-nodemask")
    const total = numberOf(options, "cluster-total-nodes", 1)
    return numberOf(options, "cluster-local-nodemask", 0) >= 2 ** total
      ? badOptions(`a node beyond the cluster's ${total}`)
      : undefined
  },
  ...unknownMatch,
  manual: {
    title: "iptables: cluster",
    text: "Which node of a cluster a connection belongs to, by a hash of its source.",
    example: "jhash ct original saddr mod 2 seed 0xdeadbeef eq 1",
  },
}
