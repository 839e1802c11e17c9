import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { project } from "../support/e2e-process.ts"

/*
 * The dashboard and the rules of the chart, held to what the gateway prints. docs/reference/metrics.md stands for that: a
 * test of the docs holds the page to /metrics, name by name and label by label.
 */

const read = (path: string) => readFileSync(join(project, path), "utf8")

interface Metric {
  readonly type: string
  readonly labels: ReadonlySet<string>
}

const metrics: ReadonlyMap<string, Metric> = new Map(
  [...read("docs/reference/metrics.md").matchAll(/^\| `(postern_\w+)` \| (\w+) \| (.*?) \|/gm)].map(
    ([, name = "", type = "", labels = ""]) => [
      name,
      { type, labels: new Set([...labels.matchAll(/`(\w+)`/g)].map(([, label = ""]) => label)) },
    ],
  ),
)

/** What Prometheus adds to every series, and the chart's monitor with it. */
const everywhere = ["job", "instance", "namespace", "pod"]
const parts: Readonly<Record<string, string>> = { _bucket: "le", _sum: "", _count: "" }

/** What is wrong with an expression, by the metrics and labels that it names. */
function faultsOf(expression: string): string[] {
  const bare = expression.replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
  const named = [...bare.matchAll(/\b(postern_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, name = "", matchers = ""]) => ({ name, matchers, metric: metricOf(name) }),
  )
  const known = named.flatMap(({ metric }) => [...(metric?.labels ?? [])])
  return [
    ...named.flatMap(({ name, matchers, metric }) =>
      metric === undefined ? `${name} does not exist` : strangersIn(name, matchers, metric),
    ),
    ...groupedBy(bare)
      .filter((label) => !known.includes(label) && !everywhere.includes(label))
      .map((label) => `nothing has the label ${label}`),
    ...(isBalanced(bare) ? [] : ["brackets do not match"]),
    ...(named.length > 0 ? [] : ["asks for nothing"]),
  ]
}

const strangersIn = (name: string, matchers: string, { labels }: Metric): string[] =>
  [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)]
    .map(([, label = ""]) => label)
    .filter((label) => !labels.has(label) && !everywhere.includes(label))
    .map((label) => `${name} has no label ${label}`)

const groupedBy = (expression: string): string[] =>
  [...expression.matchAll(/\b(?:by|on|without)\s*\(([^)]*)\)/g)].flatMap(([, labels = ""]) =>
    labels.split(",").map((label) => label.trim()),
  )

/** A histogram is asked by its parts; anything else only by its name. */
function metricOf(name: string): Metric | undefined {
  const own = metrics.get(name)
  if (own !== undefined) return own.type === "histogram" ? undefined : own
  const [, base = "", part = ""] = /^(.*?)(_bucket|_sum|_count)$/.exec(name) ?? []
  const whole = metrics.get(base)
  if (whole?.type !== "histogram") return
  return { ...whole, labels: new Set([...whole.labels, parts[part] ?? ""]) }
}

function isBalanced(text: string): boolean {
  const open: string[] = []
  const pairs: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" }
  for (const char of text)
    if ("([{".includes(char)) open.push(char)
    else if (char in pairs && open.pop() !== pairs[char]) return false
  return open.length === 0
}

test("a fault in an expression is found", () => {
  expect(faultsOf("rate(postern_nothing_total[5m])")).toEqual([
    "postern_nothing_total does not exist",
  ])
  expect(faultsOf('postern_tools{color="red"}')).toEqual(["postern_tools has no label color"])
  expect(faultsOf("sum by (color) (postern_tools)")).toEqual(["nothing has the label color"])
  expect(faultsOf("sum(rate(postern_call_seconds[5m])")).toHaveLength(2)
  expect(faultsOf("vector(1)")).toEqual(["asks for nothing"])
})

describe("the rules for Prometheus", () => {
  const { groups } = parse(read("helm/postern/alerts/postern.yaml"))
  const rules = groups.flatMap(({ rules: all }: { rules: object[] }) => all)

  test("are there, each once", () => {
    const names = rules.map(({ alert }: { alert: string }) => alert)
    expect(names.length).toBeGreaterThan(10)
    expect(new Set(names).size).toBe(names.length)
  })

  test.each(rules as { alert: string; expr: string; [key: string]: unknown }[])(
    "$alert asks for what is there, and says what to do",
    ({ alert, expr, annotations, labels, ...rest }) => {
      expect(alert).toMatch(/^Postern[A-Z]\w+$/)
      expect(faultsOf(expr)).toEqual([])
      expect(Object.keys(rest).filter((key) => key !== "for")).toEqual([])
      expect(labels).toEqual({ severity: expect.stringMatching(/^(?:info|warning|critical)$/) })
      const { summary, description, runbook_url: runbook } = annotations as Record<string, string>
      expect(summary).toMatch(/\S/)
      expect(description).toMatch(/\.$/)
      expect(existsSync(join(project, String(runbook)))).toBe(true)
      const used = [...`${summary}`.matchAll(/\$labels\.(\w+)/g)].map(([, label = ""]) => label)
      expect(used.filter((label) => /\bby \(/.test(expr) && !expr.includes(label))).toEqual([])
    },
  )
})

/** Of 24 columns. */
function placesOf({ x = 0, y = 0, w = 0, h = 0 }: Readonly<Record<string, number>>): string[] {
  expect([Number.isInteger(x), Number.isInteger(w), x + w <= 24]).toEqual([true, true, true])
  return Array.from({ length: w * h }, (_, n) => `${x + (n % w)} ${y + Math.floor(n / w)}`)
}

describe("the dashboard", () => {
  const text = read("helm/postern/dashboards/postern.json")
  const board = JSON.parse(text)

  test("is one that Grafana can load: ids are unique and panels do not overlap", () => {
    expect(board).toMatchObject({ uid: "postern", title: "Postern", schemaVersion: 39 })
    const ids = board.panels.map(({ id }: { id: number }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const places = board.panels.flatMap(({ gridPos }: { gridPos: Record<string, number> }) =>
      placesOf(gridPos),
    )
    expect(new Set(places).size).toBe(places.length)
  })

  test("asks for what is there, by variables that it has", () => {
    const variables = board.templating.list.map(({ name }: { name: string }) => name)
    const panels = board.panels.filter(({ type }: { type: string }) => type !== "row")
    expect(panels.length).toBeGreaterThan(15)
    for (const { title, targets } of panels)
      for (const { expr } of targets) {
        expect([title, faultsOf(expr)]).toEqual([title, []])
        const used = [...expr.matchAll(/\$(\w+)/g)].map(([, name = ""]) => name)
        expect(
          used.filter((name) => name !== "__rate_interval" && !variables.includes(name)),
        ).toEqual([])
      }
  })
})
