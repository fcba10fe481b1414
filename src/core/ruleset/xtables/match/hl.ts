import { hopLimit } from "./hop-limit.js"

export const hl = hopLimit("hl", 6)
