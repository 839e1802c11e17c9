import addFormats from "ajv-formats"
import type { Clause } from "./clause.ts"
import { kinds } from "./kinds.ts"

/**
 * The formats of text that our validators assert; all others pass. A test holds this table against the validators.
 */
const textFormats = [
  "date",
  "time",
  "date-time",
  "duration",
  "email",
  "hostname",
  "ipv4",
  "ipv6",
  "uuid",
  "uri",
  "uri-reference",
  "json-pointer",
  "regex",
  "byte",
] as const

const byName: ReadonlyMap<string, (typeof textFormats)[number]> = new Map(
  textFormats.map((name) => [name, name]),
)

const int32 = 2 ** 31

/** What a format asserts. Those of numbers are ranges; an integer of 64 bits is any that a double holds. */
export function readFormat(name: string, at: string): readonly Clause[] {
  if (byName.has(name)) return [{ rule: "format", on: kinds.string, at, name }]
  if (name !== "int32" && name !== "int64") return []
  const whole: Clause = { rule: "never", on: kinds.fraction, at }
  if (name === "int64") return [whole]
  return [
    whole,
    { rule: "low", on: kinds.integer, at, limit: -int32, isOpen: false },
    { rule: "high", on: kinds.integer, at, limit: int32, isOpen: true },
  ]
}

export function keepsFormat(name: string, text: string): boolean {
  const known = byName.get(name)
  const format = known === undefined ? undefined : addFormats.default.get(known, "full")
  if (format instanceof RegExp) return format.test(text)
  if (typeof format === "function") return format(text)
  const check = typeof format === "object" && "validate" in format ? format.validate : undefined
  return typeof check === "function" ? check(text as never) === true : true
}

/** Of some formats all texts are of known lengths. */
export const formatSizes: ReadonlyMap<string, readonly [min: number, max: number]> = new Map([
  ["date", [10, 10]],
  ["time", [9, Infinity]],
  ["date-time", [20, Infinity]],
  ["duration", [3, Infinity]],
  ["email", [5, Infinity]],
  ["hostname", [1, 254]],
  ["ipv4", [7, 15]],
  ["ipv6", [2, 45]],
  ["uuid", [36, 45]],
  ["uri", [2, Infinity]],
])

/** Texts of each format, unlike each other. */
export const formatExamples: ReadonlyMap<string, readonly string[]> = new Map([
  ["date", ["2026-01-31", "1999-12-01"]],
  ["time", ["12:00:00Z", "23:59:60.5+00:00"]],
  ["date-time", ["2026-01-31T12:00:00Z", "1999-12-01t00:00:00.25+01:00"]],
  ["duration", ["P1DT12H", "P2W"]],
  ["email", ["name@example.com", "a.b@c.de"]],
  ["hostname", ["www.example.com", "a", "localhost"]],
  ["ipv4", ["192.0.2.1", "0.0.0.0"]],
  ["ipv6", ["2001:db8::1", "::"]],
  [
    "uuid",
    ["123e4567-e89b-12d3-a456-426614174000", "urn:uuid:00000000-0000-0000-0000-000000000000"],
  ],
  ["uri", ["https://example.com/path", "urn:a", "a:/"]],
  ["uri-reference", ["/path#part", "", "a"]],
  ["json-pointer", ["/items/0/name", ""]],
  ["regex", ["^[a-z]+$", "", "a"]],
  ["byte", ["aGVsbG8=", ""]],
])
