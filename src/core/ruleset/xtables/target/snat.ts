import { addressNat } from "./nat.js"

export const snat = addressNat("SNAT", "to-source", ["INPUT", "POSTROUTING"])
