import { describe, expect, test } from "vitest"
import {
  type AgentSkill,
  agent,
  agentNamed,
  anyOf,
  at,
  cel,
  deadLetter,
  error,
  filter,
  input,
  type JsonObject,
  pipeline,
  registry,
  retry,
  saga,
  schema,
  server,
  serverNamed,
  type Tool,
  tool,
  toolNamed,
  unversioned,
  validate,
} from "../../src/index.ts"

/*
 * What no registry can mean is a type error, where types can know it: this file is compiled, and an expected error that
 * does not come is an error. What a program does in spite of that, `validate` finds, and names the line.
 */

const Query = schema("Query", "1.0.0", {
  type: "object",
  properties: { text: { type: "string" } },
  required: ["text"],
  additionalProperties: false,
})
const library = server("library", "3.1.0", {
  provides: [{ tool: "find", version: "1.0.0" }, { tool: "lend" }],
})
const find = tool("find", "1.0.0", {
  source: library.tool("find"),
  inputSchema: Query,
  outputSchema: {
    type: "object",
    properties: {
      books: {
        type: "array",
        items: { type: "object", properties: { isbn: { type: "string" } } },
      },
    },
    additionalProperties: false,
  },
})
const helper = agent("helper", "1.0.0", { skills: [{ id: "help", inputSchema: Query }] })

const only = (made: Tool): JsonObject => registry({ tools: [made] })

const cases: readonly [code: string, what: string, make: () => JsonObject][] = [
  // @ts-expect-error a version is exact
  ["version_range", "a range", () => only(tool("a", "^1.0.0", { source: library.tool("find") }))],
  [
    "version_range",
    "an alias of a version",
    // @ts-expect-error a version is exact
    () => registry({ tools: [find], schemas: [schema("A", "latest", { type: "object" })] }),
  ],
  [
    "version_range",
    "an x part of a version",
    // @ts-expect-error a version is exact
    () => registry({ servers: [server("a", "1.2.x")], tools: [find] }),
  ],
  [
    "version_range",
    "a range of what is provided",
    () =>
      registry({
        // @ts-expect-error a version is exact
        servers: [server("a", "1.0.0", { provides: [{ tool: "b", version: ">=1.0.0" }] })],
        tools: [find],
      }),
  ],
  // @ts-expect-error a version is exact
  ["version_range", "a range of an agent", () => registry({ agents: [agent("a", "1 || 2")] })],
  [
    "source_not_provided",
    "a tool that its server does not provide",
    // @ts-expect-error the server provides find and lend
    () => only(tool("a", "1.0.0", { source: library.tool("fnd") })),
  ],
  [
    "source_not_provided",
    "several servers of which one does not provide the tool",
    () => {
      const other = server("other", "1.0.0", { provides: [{ tool: "lend" }] })
      // @ts-expect-error the other server provides only lend
      return only(tool("a", "1.0.0", { source: anyOf("find", [library, other]) }))
    },
  ],
  [
    "source_not_provided",
    "a direct call of what the server does not provide",
    // @ts-expect-error the server provides find and lend
    () => only(tool("a", "1.0.0", { spec: pipeline((step) => step("a", library.call("fnd"))) })),
  ],
  [
    "skill_not_found",
    "a skill that the agent does not have",
    // @ts-expect-error the agent has help
    () => registry({ agents: [agent("a", "1.0.0").depends(helper.skill("hlp"))] }),
  ],
  [
    "implementation_conflict",
    "a tool with both a source and a spec",
    () =>
      registry({
        tools: [
          // @ts-expect-error one of them
          tool("a", "1.0.0", {
            source: library.tool("find"),
            spec: pipeline((step) => step("a", find)),
          }),
        ],
      }),
  ],
  // @ts-expect-error one of source and spec
  ["implementation_missing", "a tool with neither", () => only(tool("a", "1.0.0", {}))],
  [
    "invalid_type",
    "a composition that is called and no value",
    // @ts-expect-error a step does an operation
    () => only(tool("a", "1.0.0", { spec: pipeline((step) => step("a", "find")) })),
  ],
  [
    "path_missing",
    "a member that no step gives",
    () =>
      only(
        tool("a", "1.0.0", {
          spec: pipeline((step) => {
            const found = step("found", find, { input: { text: "a" } })
            // @ts-expect-error what find gives has books
            return found.bookz
          }),
        }),
      ),
  ],
  [
    "path_missing",
    "a member that no item has",
    () =>
      only(
        tool("a", "1.0.0", {
          spec: pipeline((step) => {
            const found = step("found", find, { input: { text: "a" } })
            // @ts-expect-error a book has an isbn
            return { isbn: found.books[0].isbm }
          }),
        }),
      ),
  ],
  [
    "path_missing",
    "a member that the input does not have",
    () =>
      only(
        tool("a", "1.0.0", {
          inputSchema: Query,
          // @ts-expect-error the input has text
          spec: (input) => pipeline((step) => step("found", find, { input: { text: input.txt } })),
        }),
      ),
  ],
  [
    "input_missing_field",
    "an argument that the tool does not take",
    () => {
      // @ts-expect-error find takes text
      const spec = pipeline((step) => step("a", find, { input: { txt: 1 } }))
      return only(tool("a", "1.0.0", { spec }))
    },
  ],
  [
    "unknown_field",
    "a policy that is misspelt",
    () =>
      only(
        tool("a", "1.0.0", {
          spec: pipeline((step) => {
            // @ts-expect-error timeoutMs
            step("a", find, { timoutMs: 5 })
            return "a"
          }),
        }),
      ),
  ],
  [
    "path_invalid",
    "a path without its root",
    // @ts-expect-error a path begins with $
    () => only(tool("a", "1.0.0", { spec: saga({ sagaIdPath: "id" }, (step) => step("a", find)) })),
  ],
  [
    "invalid_value",
    "an operator that there is not",
    () => {
      // @ts-expect-error eq
      const spec = filter({ predicate: { field: "$.a", op: "is", value: 1 } })
      return only(tool("a", "1.0.0", { spec }))
    },
  ],
  [
    "missing_field",
    "a retry without its backoff",
    // @ts-expect-error backoff is needed
    () => only(tool("a", "1.0.0", { spec: retry({ inner: find, maxAttempts: 2 }) })),
  ],
  [
    "tool_not_found",
    "a tool by its name where a tool is needed",
    // @ts-expect-error a tool
    () => only(tool("a", "1.0.0", { spec: deadLetter({ inner: find, deadLetterTool: "bury" }) })),
  ],
  [
    "invalid_value",
    "a policy for unknown callers that there is not",
    // @ts-expect-error denyAll
    () => registry({ tools: [find], unknownCallerPolicy: "deny" }),
  ],
  // Types cannot know these.
  [
    "tool_not_found",
    "a tool that is defined nowhere",
    () => registry({ agents: [agent("a", "1.0.0").depends(toolNamed("a", "1.0.0"))] }),
  ],
  [
    "agent_not_found",
    "an agent that is defined nowhere",
    () => registry({ agents: [agent("a", "1.0.0").depends(agentNamed("b", "1.0.0").skill("c"))] }),
  ],
  [
    "server_not_found",
    "a server that is defined nowhere",
    () => only(tool("a", "1.0.0", { source: serverNamed("b", "1.0.0").tool("c") })),
  ],
  [
    "step_duplicate",
    "an id that is given twice",
    () =>
      only(
        tool("a", "1.0.0", {
          spec: pipeline((step) => {
            step("a", find, { input: { text: "a" } })
            return step("a", find, { input: { text: "a" } })
          }),
        }),
      ),
  ],
  [
    "step_not_found",
    "a step in an expression",
    () =>
      only(
        tool("a", "1.0.0", { spec: pipeline((step) => step("a", find, { when: "steps.b > 1" })) }),
      ),
  ],
  [
    "duplicate_entity",
    "two tools of one name",
    () => registry({ tools: [find, tool("find", "1.0.0", { source: library.tool("lend") })] }),
  ],
]

describe("what no registry can mean", () => {
  test.each(cases)("is found when it was made all the same: %s for %s", (code, _, make) => {
    const { problems } = validate(make())
    expect(problems.map((problem) => problem.code)).toContain(code)
    const problem = problems.find((each) => each.code === code)
    expect(problem).toMatchObject({ file: import.meta.filename, line: expect.any(Number) })
  })

  test("cannot be said of a step that comes later", () => {
    const build = () =>
      pipeline((step) => {
        // @ts-expect-error b is not there yet
        // biome-ignore lint/correctness/noInvalidUseBeforeDeclaration: that is the point
        step("a", find, { input: { text: b.books } })
        const b = step("b", find)
        return b
      })
    expect(build).toThrow(ReferenceError)
  })

  const misuses: readonly [what: string, make: () => unknown][] = [
    ["a value as text", () => `${input}`],
    ["a part of a path that is written out", () => at(input, "$.a[*]")["b"]],
    ["a path from a part", () => at(Reflect.get(input, "a"), "$.b")],
    ["a path in an expression", () => cel`${at(input, "$.a[*]")}`],
    // @ts-expect-error an agent depends on tools and skills, as values
    ["a dependency by a mere name", () => agent("a", "1.0.0").depends("find")],
    // @ts-expect-error an agent depends on a skill of another
    ["a dependency on an agent without a skill", () => agent("a", "1.0.0").depends(helper)],
    // @ts-expect-error a function is no value
    ["a function as a value", () => pipeline(() => ({ a: () => 1 }))],
    [
      "a part of a step to wait for",
      () =>
        pipeline((step) => {
          // @ts-expect-error after takes steps
          step("b", find, { after: [step("a", find).books] })
          return "a"
        }),
    ],
  ]
  test.each(misuses)("is thrown at once where nothing could come of it: %s", (_, make) => {
    expect(make).toThrow(TypeError)
  })
})

test("what a registry can mean is no type error", () => {
  const computed: string = ["1", "0", "0"].join(".")
  const skill: AgentSkill = helper.skill("help")
  const made = registry({
    agents: [
      agent("a", computed).depends(
        find,
        skill,
        tool("old", unversioned, { source: library.tool("lend") }),
        tool("it", "2026-01-18", {
          inputSchema: { ...Query, title: "What to look for" },
          spec: (input) =>
            pipeline((step) => {
              const found = step("found", find, { input: { text: input.text } })
              const each = step("each", find, {
                forEach: found.books,
                input: at(input, "$.text"),
                onError: { output: { why: error } },
                after: [found],
                when: cel`size(${found.books}) > ${0}`,
              })
              const inner = step(
                "inner",
                pipeline((nested) => nested("a", find, { input: { text: "a" } })),
              )
              return { first: each[0].books[1].isbn, all: [each, inner, null, 1, "a"] }
            }),
        }),
      ),
    ],
  })
  expect(JSON.parse(JSON.stringify(made))).toEqual(made)
  expect(validate(made).problems.filter(({ severity }) => severity === "error")).toEqual([])
})
