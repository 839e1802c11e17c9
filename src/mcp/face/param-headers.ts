import type { JsonObject } from "../../schema/json.ts"
import { decodeHeaderValue } from "../header-value.ts"
import { argumentAt, type MirroredParam } from "../mirrored-params.ts"
import { mismatch, trimmed } from "./classify.ts"
import type { Fail } from "./errors.ts"
import { header, type RequestHeaders } from "./headers.ts"

/** The first mirrored argument whose header is missing, unreadable or different (-32020), if any. */
export function paramFault(
  mirrored: readonly MirroredParam[],
  args: JsonObject | undefined,
  headers: RequestHeaders,
): Fail | undefined {
  for (const param of mirrored) {
    const value = argumentAt(args, param.path)
    if (value === undefined || value === null || typeof value === "object") continue
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) continue // no header can be expected for these
    const sent = trimmed(header(headers, param.header))
    const place = param.path.join(".")
    if (sent === undefined) return mismatch(`${param.header} is missing for argument ${place}`)
    const decoded = decodeHeaderValue(sent)
    if (decoded === undefined) return mismatch(`${param.header} is not canonical Base64 of UTF-8`)
    if (!isSame(decoded, value, param.isInteger))
      return mismatch(`${param.header} and argument ${place} differ`)
  }
  return undefined
}

const decimal = /^-?\d+(?:\.\d+)?$/
const isSame = (decoded: string, value: string | number | boolean, isInteger: boolean): boolean =>
  isInteger && typeof value === "number" && decimal.test(decoded)
    ? Number(decoded) === value // 42.0 is 42
    : decoded === String(value)
