import { optionsHeader } from "./options-header.js"

export const hbh = optionsHeader("hbh", "hop-by-hop options header")
