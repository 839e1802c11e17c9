import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { pictureOf } from "../../src/portable/draw/picture.ts"
import { drawSvg } from "../../src/portable/draw/svg.ts"
import { graphOf } from "../../src/portable/graph/graph-of.ts"
import { browserPath, openBrowser, type Page } from "../support/browser.ts"
import { fixture, load } from "../support/registries.ts"

describe.skipIf(browserPath === undefined)(
  "a drawing in a real browser (skipped where there is none: install chromium, or name one in CHROME)",
  () => {
    const folder = mkdtempSync(join(tmpdir(), "postern-drawing-"))
    const file = join(folder, "flagship.svg")
    let page: Page
    beforeAll(async () => {
      const { catalog } = load(fixture("flagship.json"))
      if (catalog === undefined) throw new Error("the fixture is sound")
      const graph = graphOf(catalog, { name: "flagship" })
      writeFileSync(file, drawSvg(pictureOf(graph, { title: "flagship", schemas: true })))
      page = await openBrowser(browserPath ?? "")
      await page.open(pathToFileURL(file).href)
    }, 60_000)
    afterAll(async () => {
      await page.close()
      rmSync(folder, { recursive: true })
    })

    test("is an SVG without errors, and asks for nothing else", async () => {
      expect(await page.evaluate("document.documentElement.namespaceURI")).toBe(
        "http://www.w3.org/2000/svg",
      )
      expect(await page.evaluate("document.querySelectorAll('script, image, use, a').length")).toBe(
        0,
      )
      expect(await page.evaluate("performance.getEntriesByType('resource').length")).toBe(0)
      expect(page.errors).toEqual([])
    })

    test("shows every text inside its box, and no box over another or beyond the paper", async () => {
      const found = await page.evaluate(`(() => {
        const boxes = [...document.querySelectorAll(".node")].map((node) => ({
          box: node.querySelector("rect").getBoundingClientRect(),
          texts: [...node.querySelectorAll("text")].map((text) => text.getBoundingClientRect()),
        }))
        const paper = document.documentElement.getBoundingClientRect()
        const inside = (a, b) => a.left >= b.left && a.right <= b.right && a.top >= b.top && a.bottom <= b.bottom
        const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top
        return {
          count: boxes.length,
          spilling: boxes.filter(({ box, texts }) => !texts.every((text) => inside(text, box))).length,
          beyond: boxes.filter(({ box }) => !inside(box, paper)).length,
          overlapping: boxes.filter((a) => boxes.some((b) => a !== b && !apart(a.box, b.box))).length,
        }
      })()`)
      expect(found).toEqual({ count: expect.any(Number), spilling: 0, beyond: 0, overlapping: 0 })
      expect(await page.evaluate("document.querySelectorAll('.tool.node').length")).toBe(27)
    })

    test("lights up what belongs to the node under the pointer", async () => {
      const lit = `(() => {
        const colour = getComputedStyle(document.documentElement).getPropertyValue("--lit").trim()
        const probe = document.querySelector(".edge").cloneNode()
        probe.setAttribute("style", "stroke:" + colour)
        document.documentElement.append(probe)
        const wanted = getComputedStyle(probe).stroke
        probe.remove()
        return [...document.querySelectorAll(".edge")].filter((e) => getComputedStyle(e).stroke === wanted).length
      })()`
      expect(await page.evaluate(lit)).toBe(0)
      const at = await page.evaluate(`(() => {
        const node = [...document.querySelectorAll(".node")].find((n) => n.textContent.includes("process_order"))
        node.scrollIntoView({ block: "center", inline: "center" })
        const { x, y } = node.querySelector("rect").getBoundingClientRect()
        return [x + 5, y + 5]
      })()`)
      const [x, y] = Array.isArray(at) ? at.map(Number) : []
      await page.moveTo(x ?? 0, y ?? 0)
      expect(await page.evaluate(lit)).toBe(9) // six tools, two schemas, one agent
    })
  },
)
