import { join } from "node:path"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { drawDot } from "../../src/portable/draw/dot.ts"
import { layersOf } from "../../src/portable/draw/layers.ts"
import { drawMermaid } from "../../src/portable/draw/mermaid.ts"
import { crossings, orderLayers } from "../../src/portable/draw/order.ts"
import {
  type Picture,
  type PictureKind,
  type PictureNode,
  pictureKinds,
  pictureOf,
} from "../../src/portable/draw/picture.ts"
import { nonDecreasing, placeLayers } from "../../src/portable/draw/place.ts"
import { drawSvg } from "../../src/portable/draw/svg.ts"
import { graphOf } from "../../src/portable/graph/graph-of.ts"
import { goldenFiles } from "../golden.ts"
import { load } from "../support/registries.ts"

function drawn(text: string): string {
  const { catalog, problems } = load(JSON.parse(text))
  if (catalog === undefined) throw new Error(JSON.stringify(problems))
  const picture = pictureOf(graphOf(catalog, { name: "shop" }), { title: "shop", schemas: true })
  return [drawMermaid(picture), drawDot(picture), drawSvg(picture)].join("\n")
}

describe("a registry as a drawing (UPDATE=1 rewrites the files)", () => {
  goldenFiles(join(import.meta.dirname, "../golden/graph"), (input) => drawn(input))
})

/** Anything that may need anything, circles and islands included. */
const pictures: fc.Arbitrary<Picture> = fc
  .integer({ min: 1, max: 24 })
  .chain((count) =>
    fc.record({
      kinds: fc.array(fc.constantFrom(...pictureKinds), { minLength: count, maxLength: count }),
      name: fc.string({ unit: "binary" }),
      pairs: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 60 }),
    }),
  )
  .map(({ kinds, name, pairs }) => ({
    title: name,
    nodes: kinds.map((kind, index) => ({
      ...{ id: `n${index}`, kind, name: `${name}${index}`, version: undefined, description: name },
      ...{ pattern: undefined, isDeprecated: false, isCentre: false, isMissing: false },
    })),
    edges: [...new Set(pairs.filter(([from, to]) => from !== to).map(String))].map((pair) => {
      const [from, to] = pair.split(",")
      return { from: `n${from}`, to: `n${to}`, why: ["depends"] }
    }),
  }))

describe("the layers of a drawing", () => {
  test("hold every node once; edges lead from layer to layer, those of a circle too", () => {
    fc.assert(
      fc.property(pictures, (picture) => {
        const layers = layersOf(picture)
        const placed = layers.layers.flat().flatMap(({ node }) => (node ? [node.id] : []))
        expect(placed.sort()).toEqual(picture.nodes.map(({ id }) => id).sort())
        for (const [index, layer] of layers.layers.entries())
          for (const { next } of layer)
            for (const { layer: below } of next) expect(below).toBe(index - 1)
        for (const { from, to } of picture.edges) {
          const route = layers.route(from, to)
          expect([route[0]?.node?.id, route.at(-1)?.node?.id]).toEqual([from, to])
        }
      }),
    )
  })

  test("may be of more nodes than a function takes arguments", () => {
    const nodes = Array.from({ length: 200_000 }, (_, at): PictureNode => {
      const is = { isDeprecated: false, isCentre: false, isMissing: false }
      const words = { version: "1.0.0", description: undefined, pattern: undefined }
      return { id: `t${at}`, kind: "tool", name: "t", ...words, ...is }
    })
    expect(layersOf({ title: "", nodes, edges: [] }).layers.map(({ length }) => length)).toEqual([
      200_000,
    ])
  })

  test("are ordered with no more crossings than there were, and nothing on top of anything", () => {
    fc.assert(
      fc.property(pictures, (picture) => {
        const layers = layersOf(picture)
        const ordered = orderLayers(layers)
        expect(ordered.map((layer) => new Set(layer))).toEqual(
          layers.layers.map((layer) => new Set(layer)),
        )
        expect(crossings(ordered)).toBe(crossingsByHand(ordered))
        const places = placeLayers(ordered, () => 10)
        for (const layer of ordered)
          for (const [index, spot] of layer.entries()) {
            const above = layer[index - 1]
            const gap = (places.get(spot) ?? 0) - (above ? (places.get(above) ?? 0) : -10)
            expect(gap).toBeGreaterThanOrEqual(10 - 1e-6)
          }
      }),
    )
  })

  /** Every pair of edges between two layers whose ends are in another order than their beginnings. */
  const crossingsByHand = (ordered: ReturnType<typeof orderLayers>): number =>
    ordered
      .flatMap((layer, index) => {
        const below = ordered[index - 1] ?? []
        const edges = layer.flatMap(({ next }, from) =>
          next.map((to) => ({ from, to: below.indexOf(to) })),
        )
        return edges.map((one) => edges.filter((two) => one.from < two.from && one.to > two.to))
      })
      .flat().length

  test("stand as near to where they are wished as their order lets them", () => {
    expect(nonDecreasing([1, 3, 2, 4])).toEqual([1, 2.5, 2.5, 4])
    expect(nonDecreasing([5, 4, 3])).toEqual([4, 4, 4])
    expect(nonDecreasing([])).toEqual([])
  })
})

describe("a drawing", () => {
  test("holds only what XML allows, whatever names and descriptions hold", () => {
    // XML 1.0 §2.2; what is left of markup must be ours.
    const allowed = /^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u
    const tags = /<\/?(?:svg|title|style|rect|text|circle|g|path)\b[^<>]*>/g
    fc.assert(
      fc.property(pictures, (picture) => {
        const svg = drawSvg(picture)
        expect(svg).toMatch(allowed)
        expect(svg.replace(/<style>[^<]*<\/style>/, "").replaceAll(tags, "")).not.toMatch(/[<>]/)
        for (const line of drawMermaid(picture).split("\n"))
          expect(line).toMatch(/^(?:flowchart LR| {2}.*|)$/)
      }),
    )
  })

  test("of a thousand tools is drawn", () => {
    const node = (kind: PictureKind, name: string): PictureNode => ({
      ...{ id: name, kind, name, version: "1.0.0", description: undefined, pattern: undefined },
      ...{ isDeprecated: false, isCentre: false, isMissing: false },
    })
    const tools = Array.from({ length: 1_000 }, (_, index) => node("tool", `tool_${index}`))
    const servers = Array.from({ length: 60 }, (_, index) => node("server", `server-${index}`))
    const edges = tools.map(({ id }, index) => ({
      from: id,
      to: `server-${(index * 7) % 60}`,
      why: ["source"],
    }))
    const svg = drawSvg({ title: "large", nodes: [...tools, ...servers], edges })
    expect(svg.match(/class="tool node"/g)).toHaveLength(1_000)
    expect(svg.match(/<path/g)).toHaveLength(1_000)
  })
})
