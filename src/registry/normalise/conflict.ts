import type { Written } from "./fields.ts"

/** Two spellings of one thing that do not say the same, at the object that holds both. */
export function reportConflict({ pointer, context }: Written, message: string, hint: string): void {
  context.report({ code: "dialect_conflict", severity: "error", pointer, message, hint })
}
