import { expect, test } from "vitest"
import { parseConfig } from "../../src/server/config/parse.ts"
import { configReference, limitsReference } from "../../src/server/config/reference.ts"
import { limitNames } from "../../src/server/limits.ts"
import { generated } from "../docs/pages.ts"

test("docs/reference/configuration.md is what the schema says (UPDATE=1 rewrites it)", () => {
  const { written, made } = generated("docs/reference/configuration.md", configReference())
  expect(written).toBe(made)
})

test("docs/reference/limits.md is what the table of limits says (UPDATE=1 rewrites it)", () => {
  const { written, made } = generated("docs/reference/limits.md", limitsReference())
  expect(written).toBe(made)
})

test("the reference has a row for each key that a configuration may have", () => {
  const page = configReference()
  for (const key of ["host", "validation.runtime.unknownCaller", "NAME:VERSION.url", "jwt.jwks"])
    expect(page).toContain(`| \`${key}\` |`)
  expect(page).not.toContain("[object")
  expect(page).not.toContain("undefined")
})

test("the defaults of the reference are those of the reader", () => {
  const parsed = parseConfig("postern.yaml", "registry: { source: file://./r.json }", {})
  expect(parsed.ok).toBe(true)
  if (!parsed.ok) return
  const { config } = parsed
  const page = configReference()
  expect(page).toContain(
    `| \`minTrust\` | \`anonymous\`, \`claimed\`, \`asserted\` or \`verified\` | \`${config.identity.minTrust}\` |`,
  )
  expect(page).toContain(`| \`port\` | number | \`${config.listen.port}\` |`)
  expect(page).toContain(`| \`port\` | number | \`${config.admin.port}\` |`)
})

test("the reference of limits names every limit once", () => {
  const rows = [...limitsReference().matchAll(/^\| `(\w+)` \|/gm)].map(([, key]) => key)
  expect(rows).toEqual(limitNames)
})
