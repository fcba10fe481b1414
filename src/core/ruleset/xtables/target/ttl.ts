import { hopLimitTarget } from "./hop-limit.js"

export const ttl = hopLimitTarget("TTL", 4)
