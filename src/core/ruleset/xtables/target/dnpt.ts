import { prefixTranslation } from "./npt.js"

export const dnpt = prefixTranslation("DNPT", ["PREROUTING", "OUTPUT"])
