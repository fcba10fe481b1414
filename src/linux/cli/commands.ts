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
      {
        name: "check",
        summary: "every mistake of a policy or of somebody's rules at once",
        load: () => import("./check.js"),
      },
      {
        name: "import",
        summary: "another tool's configuration as a policy, and what becomes of each line",
        load: () => import("./import.js"),
      },
      {
        name: "export",
        summary: "a policy in another tool's settings",
        load: () => import("./export.js"),
      },
      {
        name: "compile",
        summary: "what a policy becomes, or rules in another language",
        load: () => import("./compile.js"),
      },
      {
        name: "replay",
        summary: "captured packets through a policy or somebody's rules",
        load: () => import("./replay.js"),
      },
      {
        name: "explain",
        summary: "one packet, rule by rule, to its verdict",
        load: () => import("./explain.js"),
      },
    ],
  },
  {
    title: "The kernel",
    commands: [
      {
        name: "apply",
        summary: "put the policy in the kernel; undone by itself unless you confirm",
        load: () => import("./apply.js"),
      },
      { name: "diff", summary: "policy against kernel", load: () => import("./diff.js") },
      { name: "confirm", summary: "keep the rules that are on trial", load: () => import("./confirm.js") },
      {
        name: "rollback",
        summary: "go back to the rules before the trial",
        load: () => import("./rollback.js"),
      },
      {
        name: "status",
        summary: "what really runs, with counters",
        load: () => import("./status.js"),
      },
      {
        name: "pause",
        summary: "let everything past for a while, timed by the kernel",
        load: () => import("./pause.js"),
      },
      { name: "resume", summary: "end a pause", load: () => import("./resume.js") },
      { name: "enable", summary: "load the confirmed rules at boot", load: () => import("./enable.js") },
      { name: "disable", summary: "no longer load them at boot", load: () => import("./disable.js") },
      {
        name: "remove",
        summary: "take everything out of the kernel, and out of the boot",
        load: () => import("./remove.js"),
      },
    ],
  },
  {
    title: "The guard",
    commands: [
      {
        name: "run",
        summary: "watch, conclude who attacks, and keep attackers out for a while",
        load: () => import("./run.js"),
      },
      { name: "stop", summary: "end the guard; the rules stay", load: () => import("./stop.js") },
      { name: "blocked", summary: "who is kept out, why, until when", load: () => import("./blocked.js") },
      { name: "block", summary: "keep hosts or networks out", load: () => import("./block.js") },
      { name: "unblock", summary: "let them in again", load: () => import("./unblock.js") },
      {
        name: "why",
        summary: "everything known of an address, and what it can reach",
        load: () => import("./why.js"),
      },
      { name: "events", summary: "what happened", load: () => import("./events.js") },
    ],
  },
]
