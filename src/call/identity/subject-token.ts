import type { SubjectToken } from "../backends.ts"
import type { Caller, Evidence } from "../caller.ts"
import { readBearer } from "./bearer.ts"

/** The token that named this caller, for a request that it makes now; undefined where none was verified. */
export function subjectToken(
  { principal, tokenSays }: Caller,
  { authorization }: Pick<Evidence, "authorization">,
): SubjectToken | undefined {
  if (tokenSays === undefined || authorization === undefined) return
  const bearer = readBearer(authorization)
  return bearer.ok ? { key: `${principal}.${tokenSays}`, reveal: () => bearer.value } : undefined
}
