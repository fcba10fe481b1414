import { existsSync, readlinkSync, renameSync, rmSync } from "node:fs"
import { join } from "node:path"
import { makeFolder, readText, syncFolder, writeAtomically } from "./files.js"
import { done, fail, type Outcome } from "./outcome.js"
import { StateMemory } from "./state-memory.js"

/** What is remembered beside the kernel: enough to load the confirmed rules at boot, and to tell whether somebody changed the rules behind our back. */
export interface Saved {
  /** Names the rules as they were compiled: the same policy on the same host has the same. */
  readonly digest: string
  /** Absolute path of the policy. */
  readonly policy: string
  /** ISO 8601. */
  readonly at: string
  /** Plain nft text that puts these rules in place of whatever stands in our tables. */
  readonly bootText: string
  /** The same without ingress chains. */
  readonly bootFallbackText: string
  /** The kernel's listing right after the load, without what moves (counters, elements that rules add). Absent: the apply did not get that far. */
  readonly listing?: readonly string[]
}

/**
 * A folder that only root writes: `/var/lib/floodwall`, or FLOODWALL_STATE. A network namespace other than the first process's has rules of its own,
 * so it has a folder of its own below, named by its inode.
 */
export interface State {
  readonly folder: string
  readonly lockFile: string
  /** Plain nft text of the last confirmed rules, loaded at boot. */
  readonly bootText: string
  /** The same without ingress chains, for kernels that refuse a chain whose device is not there yet. */
  readonly bootFallbackText: string
  /** The administrator's rules in the chain `bypass`, as nft text, loaded at boot behind the others (own-bypass.ts). */
  readonly bypassText: string
  /** In the network namespace of the first process, which is the one that systemd loads rules into. */
  readonly isHosts: boolean
  /** What the folder should hold, for a process that outlives it: the guard. Absent: what is not written is not known. */
  readonly memory?: StateMemory
}

type Environment = Readonly<Record<string, string | undefined>>

export function openState(environment: Environment): Outcome<State> {
  const namespace = ownNamespace()
  const base = folderOf(environment, namespace)
  try {
    makeFolder(base)
  } catch (error) {
    return fail(
      "cannot",
      "no-state-folder",
      `${base} cannot be made: ${(error as Error).message}`,
      "name another folder in FLOODWALL_STATE",
    )
  }
  return done(stateIn(base, namespace === ""))
}

/** The same for a process that can do without the folder: what cannot be written yet is kept in memory. */
export function openLastingState(environment: Environment): State {
  const opened = openState(environment)
  const namespace = ownNamespace()
  const state = "value" in opened ? opened.value : stateIn(folderOf(environment, namespace), namespace === "")
  return { ...state, memory: new StateMemory() }
}

function folderOf(environment: Environment, namespace: string): string {
  return environment["FLOODWALL_STATE"] || join("/var/lib/floodwall", namespace)
}

function stateIn(folder: string, isHosts: boolean): State {
  return {
    folder,
    isHosts,
    lockFile: join(folder, "lock"),
    bootText: join(folder, "boot.nft"),
    bootFallbackText: join(folder, "boot-without-ingress.nft"),
    bypassText: join(folder, "bypass.nft"),
  }
}

/** Writes in the state folder. A full disk, or one that is read-only, is an answer, in the disk's own words. */
export function writing(state: State, write: () => void): Outcome<void> {
  try {
    return done(write())
  } catch (error) {
    return fail(
      "cannot",
      "no-state-folder",
      `${state.folder} cannot be written: ${(error as Error).message}`,
      "make room there, or name another folder in FLOODWALL_STATE",
    )
  }
}

/** Names of files in the folder: what is on trial, and what was confirmed last. */
type Stage = "trial" | "confirmed"

/** Written before the kernel is touched, so that no moment of an apply leaves rules in the kernel that nothing here knows; and after it, with the listing. */
export function saveTrial(state: State, saved: Saved): void {
  write(state, "trial", saved)
}

/** What is on trial becomes what boots. Done after the kernel kept it; a kill in between is made good by the next command (`settle`). False: there was no page. */
export function promoteTrial(state: State): boolean {
  const saved = read(state, "trial")
  if (saved === undefined) return false
  writeAtomically(state.bootText, saved.bootText)
  writeAtomically(state.bootFallbackText, saved.bootFallbackText)
  renameSync(stageFile(state, "trial"), stageFile(state, "confirmed"))
  rmSync(removalMark(state), { force: true })
  syncFolder(state.folder)
  return true
}

/** Rules that are in force for good, whatever the folder says; `isUnwritten`: and it could not be told. */
export function rememberConfirmed(state: State, saved: Saved, isUnwritten: boolean): void {
  state.memory?.keep(saved, stageFile(state, "confirmed"), removalMark(state), isUnwritten)
}

/**
 * Writes again what has gone from the folder, or could not be written before: a folder that somebody deleted, a disk that was full. `nothing`: all is there. A removal by
 * `floodwall remove` is told apart by its mark.
 */
export function rewriteConfirmed(state: State): Outcome<"nothing" | "made-again" | "written"> {
  const { memory } = state
  const saved = readConfirmed(state)
  if (memory === undefined || saved === undefined) return done("nothing")
  const isGone = [stageFile(state, "confirmed"), state.bootText].some((file) => !existsSync(file))
  if (!isGone && !memory.isUnwritten) return done("nothing")
  const how = memory.isUnwritten ? "written" : "made-again"
  const written = writing(state, () => {
    makeFolder(state.folder)
    writeAtomically(state.bootText, saved.bootText)
    writeAtomically(state.bootFallbackText, saved.bootFallbackText)
    write(state, "confirmed", saved)
    rmSync(removalMark(state), { force: true })
  })
  if ("failure" in written) return written
  rememberConfirmed(state, saved, false)
  return done(how)
}

export function dropTrial(state: State): void {
  rmSync(stageFile(state, "trial"), { force: true })
}

export function readTrial(state: State): Saved | undefined {
  return read(state, "trial")
}

export function readConfirmed(state: State): Saved | undefined {
  if (state.memory === undefined) return read(state, "confirmed")
  return state.memory.confirmed(stageFile(state, "confirmed"), removalMark(state), () =>
    read(state, "confirmed"),
  )
}

/** Forgets everything but the lock, which somebody may be waiting for. A mark tells a guard that this was no accident: it comes first, or where there was no room for it, last. */
export function forget(state: State): void {
  state.memory?.forget()
  const isMarked = !("failure" in writing(state, () => mark(state)))
  for (const file of [
    stageFile(state, "trial"),
    stageFile(state, "confirmed"),
    state.bootText,
    state.bootFallbackText,
    state.bypassText,
  ]) {
    rmSync(file, { force: true })
  }
  if (!isMarked) mark(state)
}

function mark(state: State): void {
  writeAtomically(removalMark(state), "")
}

/** Empty in the host's network namespace, and where that cannot be told. */
export function ownNamespace(): string {
  const own = namespaceOf("self")
  const hosts = namespaceOf("1") ?? (readText("/proc/2/comm") === "kthreadd\n" ? namespaceOf("2") : undefined)
  if (own === undefined || hosts === undefined || own === hosts) return ""
  return `namespace-${/\d+/.exec(own)?.[0]}`
}

/** The first process may be beyond our sight (it has a capability that we lack); the kernel's own threads are in the host's namespace, and never hidden. */
function namespaceOf(process: string): string | undefined {
  try {
    return readlinkSync(`/proc/${process}/ns/net`)
  } catch {
    return undefined
  }
}

function removalMark({ folder }: State): string {
  return join(folder, "removed")
}

function stageFile(state: State, stage: Stage): string {
  return join(state.folder, `${stage}.json`)
}

function write(state: State, stage: Stage, saved: Saved): void {
  writeAtomically(stageFile(state, stage), JSON.stringify(saved))
}

function read(state: State, stage: Stage): Saved | undefined {
  const text = readText(stageFile(state, stage))
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as Saved
  } catch {
    return undefined
  }
}
