import { portNat } from "./nat.js"

export const redirect = portNat("REDIRECT", ["PREROUTING", "OUTPUT"])
