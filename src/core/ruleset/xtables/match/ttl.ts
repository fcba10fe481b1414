import { hopLimit } from "./hop-limit.js"

export const ttl = hopLimit("ttl", 4)
