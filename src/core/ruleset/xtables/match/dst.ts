import { optionsHeader } from "./options-header.js"

export const dst = optionsHeader("dst", "destination options header")
