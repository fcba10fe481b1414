import { hopLimitTarget } from "./hop-limit.js"

export const hl = hopLimitTarget("HL", 6)
