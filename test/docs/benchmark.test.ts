import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { chartOf, type Published, tableOf } from "../../bench/peers/report.ts"
import { project, read } from "./pages.ts"

const published: Published = JSON.parse(read("bench/peers/results.json"))
const page = "docs/explanation/benchmark.md"
const table = /(?<=<!-- table -->\n)[\s\S]*?(?=<!-- end -->)/

describe("the published benchmark (UPDATE=1 makes page and drawing of bench/peers/results.json)", () => {
  test("shows the rows of the run that was kept, and no other numbers", () => {
    const made = read(page).replace(table, tableOf(published))
    if (process.env["UPDATE"]) writeFileSync(join(project, page), made)
    expect(read(page)).toBe(made)
    expect(made).toContain(`${published.date}, Node ${published.node.replace(/^v/, "")}`)
  })

  test("draws them", () => {
    const drawing = "docs/explanation/peers.svg"
    if (process.env["UPDATE"]) writeFileSync(join(project, drawing), chartOf(published))
    expect(readFileSync(join(project, drawing), "utf8")).toBe(chartOf(published))
  })

  test("is of calls that all came back with a result", () => {
    for (const { failed, name } of published.rows)
      expect({ name, failed }).toEqual({ name, failed: 0 })
  })
})
