import { portNat } from "./nat.js"

export const masquerade = portNat("MASQUERADE", ["POSTROUTING"])
