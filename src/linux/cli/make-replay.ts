import { createReplay, type Replay } from "../../core/engine/replay.js"
import { CaptureDevices } from "./capture-devices.js"
import { Devices } from "./devices.js"
import type { Io } from "./output.js"
import { type EnginePath, enginePath } from "./path.js"
import type { PathOptions } from "./replay-options.js"
import type { Subject } from "./subject.js"

/** An engine for the subject; undefined: the kernel would not load its rules, which has been reported. */
export function makeReplay(
  subject: Subject,
  options: PathOptions,
  io: Io,
): { readonly replay: Replay; readonly devices: CaptureDevices; readonly way: EnginePath } | undefined {
  const way = enginePath(subject, options)
  const { replay, diagnostics } = createReplay(subject.ruleset, way)
  io.report(diagnostics)
  if (replay === null) return undefined
  const isSaid = options.interface !== undefined
  const devices = new CaptureDevices(new Devices(subject.sides, way), replay.engine.interfaces, isSaid)
  return { replay, devices, way }
}
