import { fits, unsure, type Verdict } from "./verdict.ts"

/** The first misfit, else whether it is sure that there is none. */
export function every<Part>(parts: Iterable<Part>, judge: (part: Part) => Verdict): Verdict {
  let whole: Verdict = fits
  for (const part of parts) {
    const verdict = judge(part)
    if (verdict.says === "misfit") return verdict
    if (verdict.says === "unsure") whole = unsure
  }
  return whole
}

/** How many of the verdicts are sure to be `fits`, and how many may be. */
export function count(verdicts: readonly Verdict[]): {
  readonly least: number
  readonly most: number
} {
  const least = verdicts.filter((verdict) => verdict.says === "fits").length
  return { least, most: least + verdicts.filter((verdict) => verdict.says === "unsure").length }
}

/** Whether a count that is not known exactly lies in a range. */
export function within(
  { least, most }: ReturnType<typeof count>,
  min: number,
  max: number,
): boolean | undefined {
  if (least >= min && most <= max) return true
  return most < min || least > max ? false : undefined
}
