import type { ProtectionKind } from "../protection.js"
export const protectionKinds: readonly ProtectionKind[] = []
