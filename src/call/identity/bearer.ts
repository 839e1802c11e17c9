import { ok, type Result, refuse } from "../refusal.ts"

/** The token of an `Authorization` header (RFC 6750 §2.1). A header that was sent twice arrives joined by ", ". */
export function readBearer(authorization: string): Result<string> {
  if (/,\s*(?:bearer|basic|dpop|digest)\s/i.test(authorization)) {
    return wrong(400, "Authorization was sent twice")
  }
  const token = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i.exec(authorization)?.[1]
  return token === undefined ? wrong(401, "Authorization holds no bearer token") : ok(token)
}

const wrong = (status: 400 | 401, reason: string): Result<never> =>
  refuse({ code: "invalid_credentials", status, words: "invalid credentials", reason })
