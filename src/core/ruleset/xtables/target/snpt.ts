import { prefixTranslation } from "./npt.js"

export const snpt = prefixTranslation("SNPT", ["INPUT", "POSTROUTING"])
