import { digest } from "./canonical.ts"
import { createCompiler } from "./compile/compiler.ts"
import type { SchemaTrouble } from "./compile/trouble.ts"
import { type Bench, createValidator } from "./compile/validate.ts"
import { isObject, type JsonSchema } from "./json.ts"
import type { Schemas, Validator } from "./validator.ts"

export interface SchemasOptions {
  /** Validators that are remembered by digest. Default 20,000. */
  readonly validatorsMax?: number
  /** Steps up to which a value is checked without a time box (work per place × places). Default 300,000. */
  readonly instanceBudget?: number
  /** Default 50 ms. */
  readonly timeBoxMs?: number
  /** Names of members whose values no fault shows, beside those the schema marks as secret. */
  readonly secretNames?: ReadonlySet<string>
  /** Told once per schema and kind. Default: nobody. */
  readonly report?: (trouble: SchemaTrouble) => void
}

/**
 * Compiles schemas on first use. Two schemas with one digest share one validator, across reloads, too. A schema that
 * the guard refuses, or that does not compile, gets a validator that nothing fits: no schema is never the same as any.
 */
export function createSchemas(options: SchemasOptions = {}): Schemas {
  const { validatorsMax = 20_000 } = options
  const bench: Bench = {
    compilers: {
      first: createCompiler("first"),
      all: createCompiler("all"),
      one: createCompiler("one"),
    },
    instanceBudget: options.instanceBudget ?? 300_000,
    timeBoxMs: options.timeBoxMs ?? 50,
    secretNames: options.secretNames ?? new Set(),
    report: options.report ?? (() => {}),
  }
  const byIdentity = new WeakMap<object, Validator>()
  const byDigest = new Map<string, Validator>()

  function remember(schema: JsonSchema): Validator {
    const key = digest(schema)
    const validator = byDigest.get(key) ?? createValidator(bench, schema, key)
    byDigest.delete(key) // to the end of the line: the first in it is the one not asked for longest
    byDigest.set(key, validator)
    const [oldest] = byDigest.keys()
    if (byDigest.size > validatorsMax && oldest !== undefined) byDigest.delete(oldest)
    if (isObject(schema)) byIdentity.set(schema, validator)
    return validator
  }

  return {
    validator: (schema) =>
      (isObject(schema) ? byIdentity.get(schema) : undefined) ?? remember(schema),
  }
}
