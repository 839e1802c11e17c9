import { describe, expect, onTestFinished, test } from "vitest"
import type { SchemaTrouble } from "../../src/schema/compile/trouble.ts"
import type { JsonSchema } from "../../src/schema/json.ts"
import { createSchemas, type SchemasOptions } from "../../src/schema/schemas.ts"

/** The keywords of the faults, or `fits`; and what was reported meanwhile. */
function check(schema: JsonSchema, value: unknown, options: SchemasOptions = {}) {
  const troubles: SchemaTrouble[] = []
  const schemas = createSchemas({ ...options, report: (trouble) => troubles.push(trouble) })
  const faults = schemas.validator(schema).faults(value)
  const keywords = faults?.map(({ keyword }) => keyword).join() ?? "fits"
  return { keywords, troubles: troubles.map(({ kind }) => kind).join() }
}

const nested = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels))
const list = <Item>(count: number, make: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => make(index))

describe("validators", () => {
  test("equal schemas share one, and the object need not be the same", () => {
    const schemas = createSchemas()
    const one = schemas.validator({ type: "string", minLength: 1 })
    expect(schemas.validator({ minLength: 1, type: "string" })).toBe(one)
    expect(schemas.validator({ minLength: 2, type: "string" })).not.toBe(one)
  })

  test("the one that was not asked for longest is forgotten", () => {
    const schemas = createSchemas({ validatorsMax: 2 })
    const first = schemas.validator({ const: 1 })
    const second = schemas.validator({ const: 2 })
    expect(schemas.validator({ const: 1 })).toBe(first)
    schemas.validator({ const: 3 })
    expect(schemas.validator({ const: 1 })).toBe(first)
    expect(schemas.validator({ const: 2 })).not.toBe(second)
  })

  test("true lets everything through, false nothing", () => {
    expect(check(true, undefined)).toEqual({ keywords: "fits", troubles: "" })
    expect(check(false, null)).toEqual({ keywords: "false schema", troubles: "" })
  })

  test("two schemas with one $id are two schemas", () => {
    const schemas = createSchemas()
    const $id = "https://example.com/shared"
    const part = (type: string) => ({ $ref: "part", $defs: { a: { $id: "part", type } } })
    for (const type of ["string", "integer", "string"]) {
      const value = type === "string" ? "x" : 1
      expect(schemas.validator({ $id, type }).faults(value)).toBeUndefined()
      expect(schemas.validator({ $id, type }).faults(null)).toHaveLength(1)
      expect(schemas.validator({ $id, ...part(type) }).faults(value)).toBeUndefined()
      expect(schemas.validator({ $id, ...part(type) }).faults(null)).toHaveLength(1)
    }
  })

  test("more schemas than one instance of the compiler takes still work", () => {
    const schemas = createSchemas()
    const misfits = list(1_100, (index) => schemas.validator({ const: index }).faults(-1))
    expect(misfits.every((faults) => faults?.[0]?.keyword === "const")).toBe(true)
  })

  test("prototypes satisfy no requirement", () => {
    expect(check({ required: ["toString"] }, {}).keywords).toBe("required")
    expect(check({ dependentRequired: { a: ["constructor"] } }, { a: 1 }).keywords).toBe(
      "dependentRequired",
    )
  })

  test("a value is neither changed nor filled in", () => {
    const value = Object.freeze({ a: "1" })
    expect(
      check({ properties: { a: { type: "string" }, b: { default: 1 } } }, value).keywords,
    ).toBe("fits")
    expect(value).toEqual({ a: "1" })
  })
})

describe("schemas that cannot be relied on", () => {
  test.each([[{ $async: true }], [{ $ref: "http://127.0.0.1/x" }], [{ type: "nope" }]])(
    "nothing fits %j, and that is reported",
    (schema) => {
      expect(check(schema, 1)).toEqual({ keywords: "schema", troubles: "refused" })
    },
  )

  test("a validator that crashes refuses the value, and is reported once", () => {
    const schema = {
      patternProperties: { "^c": {} },
      oneOf: [{ additionalProperties: { type: "string" } }, true],
    }
    const troubles: SchemaTrouble[] = []
    const validator = createSchemas({ report: (trouble) => troubles.push(trouble) }).validator(
      schema,
    )
    expect([validator.faults({ c: 1 }), validator.faults({ c: 1 })]).toMatchObject([
      [{ keyword: "budget" }],
      [{ keyword: "budget" }],
    ])
    expect(troubles.map(({ kind }) => kind)).toEqual(["crashed"])
  })

  test.each([
    ["a name", { properties: { '"];globalThis.pwned=1;//': { type: "string" } } }],
    ["an enum", { enum: ["`${globalThis.pwned=1}`", "\\u2028globalThis.pwned=1"] }],
    ["a comment", { $comment: "*/globalThis.pwned=1/*", type: "object" }],
    ["a title", { title: "\nglobalThis.pwned=1\n", type: "object" }],
    ["a pattern", { pattern: "/.source;globalThis.pwned=1;/" }],
    ["a required name", { required: ["'+(globalThis.pwned=1)+'"] }],
    [
      "a definition",
      {
        $defs: { "a'];globalThis.pwned=1": { type: "null" } },
        $ref: "#/$defs/a'];globalThis.pwned=1",
      },
    ],
  ])("code in %s is never run", (_, schema) => {
    onTestFinished(() => void Reflect.deleteProperty(globalThis, "pwned"))
    check(schema, { a: 1 })
    check(schema, "x")
    expect("pwned" in globalThis).toBe(false)
  })
})

/** For honest values: a busy machine may take longer than the box allows. */
const patient: SchemasOptions = { timeBoxMs: 60_000 }

describe("values that are bombs", () => {
  const doubling = {
    $ref: "#/$defs/n",
    $defs: {
      n: {
        anyOf: list(2, () => ({ properties: { c: { $ref: "#/$defs/n" } }, required: ["x"] })),
      },
    },
  }
  const chain = (levels: number, leaf: string): unknown =>
    JSON.parse(`${'{"x":1,"c":'.repeat(levels)}${leaf}${"}".repeat(levels)}`)

  test("work that doubles with depth is stopped in time, and refused", () => {
    expect(check(doubling, chain(60, "{}"))).toEqual({
      keywords: "budget",
      troubles: "out_of_budget",
    })
  })

  test("a small value of a risky schema is checked", () => {
    expect(check(doubling, chain(5, '{"x":1}'))).toEqual({ keywords: "fits", troubles: "" })
    expect(check(doubling, chain(2, "{}")).keywords).toBe("required")
  })

  test("a large honest value is checked within the time box", () => {
    const branches = list(50, (index) => ({
      properties: { kind: { const: index } },
      required: ["kind"],
    }))
    const value = list(5_000, (index) => ({ kind: index % 50 }))
    expect(check({ items: { anyOf: branches } }, value, patient)).toEqual({
      keywords: "fits",
      troubles: "",
    })
  })

  test("100,000 levels overflow no stack but that of the validator", () => {
    expect(
      check({ $ref: "#/$defs/n", $defs: { n: { items: { $ref: "#/$defs/n" } } } }, nested(100_000)),
    ).toEqual({
      keywords: "budget",
      troubles: "crashed",
    })
    expect(check({ type: "object" }, nested(100_000)).keywords).toBe("type")
  })

  test("20,000 distinct objects are told apart in linear time, and one pair of equals is found", () => {
    const value: unknown[] = list(20_000, (index) => ({ id: index, tags: ["a", { b: index }] }))
    expect(check({ uniqueItems: true }, value, patient)).toEqual({ keywords: "fits", troubles: "" })
    value.push({ tags: ["a", { b: 7 }], id: 7 })
    expect(check({ uniqueItems: true }, value, patient).keywords).toBe("uniqueItems")
  })

  test("distinct items are told apart as JSON does", () => {
    const unique = (value: unknown) => check({ uniqueItems: true }, value).keywords
    expect(unique([1, "1", [1], ["1"], { a: 1 }, null, "null", true, "true", 0, false])).toBe(
      "fits",
    )
    expect(unique([0, -0])).toBe("uniqueItems")
    expect(unique(["__proto__", "x", "__proto__"])).toBe("uniqueItems")
    expect(check({ uniqueItems: false }, [1, 1]).keywords).toBe("fits")
  })

  test.each([
    ["one text", "^(?=(a+)+$)b", [`${"a".repeat(40)}!`]],
    ["a thousand texts", "^(?=(a+)+$)b", list(1_000, () => `${"a".repeat(24)}!`)],
    ["texts that are each within limits", "^(?!.*a.*a.*a.*b)", list(20_000, () => "a".repeat(90))],
  ])("patterns are stopped on %s", (_, pattern, value) => {
    expect(check({ items: { pattern } }, value)).toEqual({
      keywords: "budget",
      troubles: "out_of_budget",
    })
  })

  test("a pattern that is stopped is no match for `not` either", () => {
    expect(check({ not: { pattern: "^(?=(a+)+$)b" } }, `${"a".repeat(40)}!`).keywords).toBe(
      "budget",
    )
  })

  test("300,000 bad items make ten lines at most", () => {
    expect(check({ items: { type: "string" } }, new Array(300_000).fill(1)).keywords).toBe("type")
  })
})
