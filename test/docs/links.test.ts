import { existsSync, statSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { Ajv } from "ajv"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { isObject } from "../../src/schema/json.ts"
import { type ParsedConfig, parseConfig } from "../../src/server/config/parse.ts"
import { blocks, pages, project, read } from "./pages.ts"

const links = /\[[^\]]*\]\(([^)\s]+)\)/g
const heading = /^#+ (.*)$/gm

/** As GitHub makes an anchor of a heading. */
const slug = (text: string) =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-")

const withoutCode = (text: string) => text.replace(/^(`{3,})[\s\S]*?^\1$/gm, "")

const anchors = (page: string) =>
  [...withoutCode(read(page)).matchAll(heading)].map(([, text = ""]) => slug(text))

/** What a link of `page` names and is not there. */
function* broken(page: string): Generator<string> {
  for (const [, target = ""] of withoutCode(read(page)).matchAll(links)) {
    if (/^[a-z]+:/.test(target)) continue
    const [path = "", anchor] = target.split("#")
    const file = path === "" ? page : relative(project, join(project, dirname(page), path))
    if (!existsSync(join(project, file))) yield target
    else if (anchor !== undefined && !anchors(file).includes(anchor)) yield target
  }
}

describe.each(pages)("%s", (page) => {
  test("links to what is there", () => expect([...broken(page)]).toEqual([]))

  test("holds JSON that is JSON, and configurations that are read", () => {
    const wrong = blocks(page).flatMap(({ language, line, marks, text }) => {
      const problem = problemOf(language, marks, text)
      return problem === undefined ? [] : [`${page}:${line} ${problem}`]
    })
    expect(wrong).toEqual([])
  })
})

function problemOf(language: string, marks: readonly string[], text: string): string | undefined {
  if (language === "json") return jsonProblem(text)
  if (marks.includes("values")) return valuesProblem(text)
  return yamlProblem(language, text)
}

/** Values of the chart: its own schema says which there are, of the chart's with these over them. */
function valuesProblem(text: string): string | undefined {
  const schema = JSON.parse(read("helm/postern/values.schema.json"))
  const values = over(parse(read("helm/postern/values.yaml")), parse(text))
  const ajv = new Ajv({ strict: false })
  return ajv.validate(schema, values) ? undefined : ajv.errorsText()
}

/** As helm does it: objects are merged, and anything else takes the place of what was there. */
function over(below: unknown, above: unknown): unknown {
  if (!isObject(below) || !isObject(above)) return above
  const merged = Object.entries(above).map(([key, value]) => [key, over(below[key], value)])
  return { ...below, ...Object.fromEntries(merged) }
}

function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text)
    return
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** Parts of a configuration are completed with the one key that every configuration has. Other people's YAML passes. */
function yamlProblem(language: string, text: string): string | undefined {
  if (language !== "yaml" || /^apiVersion:/m.test(text)) return
  const whole = /^registry:/m.test(text) ? text : `${text}registry: { source: file://./r.json }\n`
  const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => [name, "x".repeat(40)])
  const parsed: ParsedConfig = parseConfig("postern.yaml", whole, Object.fromEntries(names))
  return parsed.ok ? undefined : JSON.stringify(parsed.problems)
}

describe("docs/", () => {
  const kinds = ["tutorial", "how-to", "reference", "explanation"]
  const inKinds = pages.filter((page) => kinds.some((kind) => page.startsWith(`docs/${kind}/`)))

  test.each(inKinds)("%s says which of the four kinds it is: that of its folder", (page) => {
    const [, kind] = page.split("/")
    expect(read(page)).toMatch(new RegExp(`^---\nshape: ${kind}\n---\n# \\S`))
  })

  test("README.md leads to every page", () => {
    const index = read("docs/README.md")
    const missing = inKinds.filter((page) => !index.includes(`](${relative("docs", page)})`))
    expect(missing).toEqual([])
    expect(statSync(join(project, "docs")).isDirectory()).toBe(true)
  })

  test("has pages of all four kinds", () => {
    for (const kind of kinds)
      expect(inKinds.some((page) => page.startsWith(`docs/${kind}/`))).toBe(true)
  })
})

describe("the checks of pages", () => {
  test("find a configuration that cannot be read, and JSON that is none", () => {
    expect(yamlProblem("yaml", "listen: { prot: 1 }\n")).toMatch(/did you mean port/)
    expect(yamlProblem("yaml", "listen: { port: 1 }\n")).toBeUndefined()
    expect(jsonProblem("{,}")).toBeDefined()
  })
})
