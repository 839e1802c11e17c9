import { describe, expect, test } from "vitest"
import { depends, effect, type Row, setTool, tool } from "../support/mutations.ts"
import type { Mutable } from "../support/registries.ts"

const firstDependency = "/agents/0/capabilities/extensions/0/params/depends/0"

const setDependency = (changes: object) => (d: Mutable) => {
  Object.assign(depends(d, 0)[0], changes)
}

const dependencyRows: Row[] = [
  [
    "a dependency on *",
    [`version_range ${firstDependency}/version`],
    setDependency({ version: "*" }),
  ],
  [
    "a dependency on latest",
    [`version_range ${firstDependency}/version`],
    setDependency({ version: "latest" }),
  ],
  [
    "a dependency on v1.0.0",
    [`tool_not_found ${firstDependency}`, `version_not_semver ${firstDependency}/version`],
    setDependency({ version: "v1.0.0" }),
  ],
  [
    "a dependency without version",
    [`reference_unpinned ${firstDependency}`],
    (d) => {
      delete depends(d, 0)[0].version
    },
  ],
  [
    "a dependency on a neighbour",
    [`tool_not_found ${firstDependency}`],
    setDependency({ version: "1.0.1" }),
  ],
  [
    "a dependency on virtual_…",
    [`virtual_prefix_stripped ${firstDependency}/name`],
    setDependency({ name: "virtual_search_documents" }),
  ],
  [
    "a dependency on a schema",
    [`invalid_value ${firstDependency}/type`],
    setDependency({ type: "schema" }),
  ],
  [
    "an agent dependency without skill",
    [`skill_missing /agents/2/capabilities/extensions/0/params/depends/0`],
    (d) => {
      delete depends(d, 2)[0].skill
    },
  ],
  [
    "a dependency on an unknown skill",
    [`skill_not_found /agents/2/capabilities/extensions/0/params/depends/0/skill`],
    (d) => {
      depends(d, 2)[0].skill = "nope"
    },
  ],
  [
    "a dependency named twice",
    [`duplicate_dependency /agents/0/capabilities/extensions/0/params/depends/3`],
    (d) => {
      depends(d, 0).push({ ...depends(d, 0)[0] })
    },
  ],
  [
    "an agent without SBOM",
    [`agent_without_sbom /agents/1`],
    (d) => {
      d.agents[1].capabilities.extensions = []
    },
  ],
  [
    "an SBOM without depends",
    [`missing_field /agents/1/capabilities/extensions/0/params`],
    (d) => {
      delete d.agents[1].capabilities.extensions[0].params.depends
    },
  ],
  [
    "an agent with two different depends",
    [`depends_conflict /agents/1`, `dialect_form /agents/1/depends`],
    (d) => {
      d.agents[1].depends = [{ type: "tool", name: "fetch", version: "1.2.3" }]
    },
  ],
]

const compositionRows: Row[] = [
  [
    "a tool that retries itself",
    [`depends_derived /tools/27`, `circular_dependency /tools/27/spec/retry/inner/tool`],
    (d) => {
      d.tools.push({
        name: "loop",
        version: "1.0.0",
        spec: {
          retry: {
            inner: { tool: { name: "loop" } },
            maxAttempts: 2,
            backoff: { fixed: { delayMs: 1 } },
          },
        },
      })
    },
  ],
  [
    "an agent that depends on the composition that calls it",
    [`circular_dependency /tools/25/depends/0`],
    (d) => {
      depends(d, 0).push({ type: "tool", name: "research_and_summarize", version: "1.0.0" })
    },
  ],
  [
    "a call that is not in depends",
    [`call_not_in_depends /tools/23/spec/scatterGather/targets/1/tool`],
    (d) => {
      tool(d, "multi_search").depends.pop()
    },
  ],
  [
    "a composition without depends",
    [`depends_derived /tools/23`],
    (d) => {
      delete tool(d, "multi_search").depends
    },
  ],
  [
    "a dependency that nobody calls",
    [`depends_unused /tools/23/depends/2`],
    (d) => {
      tool(d, "multi_search").depends.push({ type: "tool", name: "fetch", version: "1.2.3" })
    },
  ],
  [
    "a direct call",
    [
      `depends_unused /tools/26/depends/1`,
      `direct_server_call /tools/26/spec/pipeline/steps/1/operation/tool`,
    ],
    (d) => {
      const [, last] = tool(d, "create_task_and_notify").spec.pipeline.steps
      last.operation.tool = {
        name: "get_notifications",
        server: "notification-service",
        serverVersion: "1.0.0",
      }
    },
  ],
  [
    "a step that refers to a later one",
    [`step_order /tools/22/spec/pipeline/steps/0/input/reference`],
    (d) => {
      tool(d, "fetch_and_store").spec.pipeline.steps[0].input = {
        reference: { step: "store_document", path: "$" },
      }
    },
  ],
  [
    "a step that refers to none",
    [`step_not_found /tools/22/spec/pipeline/steps/1/input/construct/fields/title/reference`],
    (d) => {
      tool(
        d,
        "fetch_and_store",
      ).spec.pipeline.steps[1].input.construct.fields.title.reference.step = "nope"
    },
  ],
  [
    "a path that is none",
    [`path_invalid /tools/22/spec/pipeline/steps/1/input/construct/fields/title/reference/path`],
    (d) => {
      tool(
        d,
        "fetch_and_store",
      ).spec.pipeline.steps[1].input.construct.fields.title.reference.path = "url"
    },
  ],
  [
    "an unknown pattern",
    [`pattern_unknown /tools/23/spec`],
    setTool("multi_search", { spec: { scatter: {} } }),
  ],
  [
    "two patterns",
    [`pattern_ambiguous /tools/23/spec`],
    (d) => {
      tool(d, "multi_search").spec.schemaMap = { mappings: {} }
    },
  ],
]

describe("The flagship with", () => {
  test.each([...dependencyRows, ...compositionRows])(
    "%s has exactly the problems of that",
    (_, expected, change) => {
      expect(effect(change).sort()).toEqual([...expected].sort())
    },
  )

  test("two steps of one id reports the second", () => {
    const problems = effect((d) => {
      const [first, second] = tool(d, "fetch_and_store").spec.pipeline.steps
      second.id = first.id
    })
    expect(problems).toContain("step_duplicate /tools/22/spec/pipeline/steps/1/id")
  })
})
