import { Ajv, type Options, type ValidateFunction } from "ajv"
import { Ajv2019 } from "ajv/dist/2019.js"
import { Ajv2020 } from "ajv/dist/2020.js"
import addFormats from "ajv-formats"
import type { Dialect } from "../dialect.ts"
import { nowhere } from "../guard/names.ts"
import type { JsonObject } from "../json.ts"
import { type SafePattern, safePattern } from "../safe-pattern.ts"
import { uniqueItems } from "./unique-items.ts"

/** `first`: the first error and no more. `all` and `one` are for explaining: with schema and value in each error. */
export type Mode = "first" | "all" | "one"

/** A compiled schema, and what in it may take longer than its guard foresaw. */
export interface Compiled {
  readonly validate: ValidateFunction
  readonly patterns: readonly SafePattern[]
  readonly hasUniqueItems: boolean
}

export interface Compiler {
  /**
   * Throws what Ajv throws for a schema that the guard should have refused. Schemas that name themselves are compiled
   * apart: an instance remembers the names, and would take one schema's for another's.
   */
  compile(schema: JsonObject, dialect: Dialect, options: { readonly isApart: boolean }): Compiled
}

/** An instance keeps every schema that it compiled alive (6.5 KB each), so it is replaced after this many. */
const compilationsMax = 1_000

/** One instance of Ajv per dialect, made when the dialect is first seen. */
export function createCompiler(mode: Mode): Compiler {
  const workshops = new Map<Dialect, Workshop>()
  return {
    compile(schema, dialect, { isApart }) {
      let workshop = isApart ? undefined : workshops.get(dialect)
      if (workshop === undefined || workshop.compilations >= compilationsMax) {
        workshop = createWorkshop(dialect, mode, { isApart })
        if (!isApart) workshops.set(dialect, workshop)
      }
      return workshop.compile(schema)
    },
  }
}

const classes = { "2020-12": Ajv2020, "2019-09": Ajv2019, "draft-07": Ajv } as const

interface Workshop {
  readonly compilations: number
  compile(schema: JsonObject): Compiled
}

function createWorkshop(
  dialect: Dialect,
  mode: Mode,
  { isApart }: { readonly isApart: boolean },
): Workshop {
  let patterns: SafePattern[] = []
  const regExp = Object.assign(
    (source: string) => {
      const pattern = safePattern(source)
      patterns.push(pattern)
      return pattern
    },
    { code: "safePattern" },
  )
  const ajv = new classes[dialect]({ ...optionsFor(mode, regExp), addUsedSchema: isApart })
  addFormats.default(ajv, { mode: "full", formats: [...formats] })
  ajv.removeKeyword("uniqueItems").addKeyword(uniqueItems)
  let compilations = 0
  return {
    get compilations() {
      return compilations
    },
    compile(schema) {
      compilations++
      patterns = []
      const validate = ajv.compile(bare(schema))
      return { validate, patterns, hasUniqueItems: hasKey(schema, "uniqueItems") }
    },
  }
}

type RegExpEngine = NonNullable<NonNullable<Options["code"]>["regExp"]>

/**
 * Absent on purpose: $data, useDefaults, coerceTypes, removeAdditional, loadSchema, discriminator. `addUsedSchema` is the
 * workshop's: where schemas share an instance it would show one backend's `$id` to another's `$ref`; where a schema has
 * an instance to itself, it lets that schema refer to itself by its own `$id`.
 */
const optionsFor = (mode: Mode, regExp: RegExpEngine): Options => ({
  strict: false, // it refuses unknown keywords and formats, which are legal
  allErrors: mode === "all",
  verbose: mode !== "first",
  logger: false,
  ownProperties: true, // else `required: ["toString"]` is satisfied by every object
  inlineRefs: false, // inlining multiplies code: 13.6 KB of schema took 17 s and 1.2 GB
  unicodeRegExp: true,
  validateFormats: true,
  multipleOfPrecision: 8, // else 19.99 is no multiple of 0.01
  meta: false, // the guard has checked the schema against what the meta-schemas say
  validateSchema: false,
  code: { optimize: false, regExp }, // optimizing compiles several times slower and validates no faster
})

/** Without `url`, whose time is quadratic; unknown formats pass. */
const formats = [
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
  "int32",
  "int64",
  "float",
  "double",
  "byte",
] as const

/**
 * The schema without its dialect, which Ajv knows by one spelling of one URI only, and with an `$id`: without one Ajv
 * does not find the root that `#` refers to, unless it is to remember the root for all schemas.
 */
function bare(schema: JsonObject): JsonObject {
  const { $schema: _, ...rest } = schema
  return { $id: nowhere, ...rest }
}

function hasKey(value: unknown, key: string): boolean {
  if (typeof value !== "object" || value === null) return false
  return Object.hasOwn(value, key) || Object.values(value).some((child) => hasKey(child, key))
}
