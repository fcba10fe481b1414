import { addressNat } from "./nat.js"

export const dnat = addressNat("DNAT", "to-destination", ["PREROUTING", "OUTPUT"])
