import type { Command } from "./command.js"

export interface CommandEntry {
  readonly name: string
  readonly summary: string
  readonly load: () => Promise<{ readonly command: Command }>
}

export interface CommandGroup {
  readonly title: string
  readonly commands: readonly CommandEntry[]
}

/** All commands, in the order of `floodwall --help`. Loaded when called. */
export const commandGroups: readonly CommandGroup[] = [
  {
    title: "Before the kernel is touched",
    commands: [
      { name: "init", summary: "print a commented policy for this host", load: () => import("./init.js") },
      { name: "check", summary: "every mistake of a policy at once", load: () => import("./check.js") },
    ],
  },
]
