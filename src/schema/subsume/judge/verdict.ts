/** Whether a value fits a schema; a misfit says where in the schema. `unsure` is an honest answer, never a guess. */
export type Verdict =
  | { readonly says: "fits" | "unsure" }
  | { readonly says: "misfit"; readonly at: string }

export const fits: Verdict = { says: "fits" }
export const unsure: Verdict = { says: "unsure" }
const misfit = (at: string): Verdict => ({ says: "misfit", at })

export function verdictOf(isFit: boolean | undefined, at: string): Verdict {
  if (isFit === undefined) return unsure
  return isFit ? fits : misfit(at)
}
