import type { Json, JsonObject } from "../../registry/model.ts"
import { type PatternName, patternNames } from "../../registry/spec/pattern-names.ts"
import { bindingCode, opsCode } from "./bindings.ts"
import { type Code, call, data, list, type Member, object, type Statement, text } from "./code.ts"
import { isObject, listOf } from "./entities.ts"
import { operating, operationCode, splitOperation, toolCall } from "./operations.ts"
import type { Handle, Scope } from "./scope.ts"

/** A composition as a value of the builder; as it is written where the builder has no words for it. */
export function specCode(spec: JsonObject, scope: Scope): Code {
  const [[name, body] = [], ...others] = Object.entries(spec)
  const pattern = patternNames.find((known) => known === name)
  const code =
    pattern !== undefined && others.length === 0 && isObject(body)
      ? patternCode(pattern, body, scope)
      : undefined
  return code ?? call(scope.entities.use("asWritten"), data(spec))
}

function patternCode(pattern: PatternName, body: JsonObject, scope: Scope): Code {
  const name = scope.entities.use(pattern)
  if (pattern === "pipeline") return graphCode(name, body, { scope, does: "operation" })
  if (pattern === "saga") return graphCode(name, body, { scope, does: "action" })
  return call(name, object(membersOf(body, scope, bodies)))
}

/** How a program writes a member of a document. */
type Write = (value: Json, scope: Scope) => Code
type Table = { readonly [member: string]: Write }

const membersOf = (json: JsonObject, scope: Scope, table: Table): readonly Member[] =>
  Object.entries(json).map(([key, value]) => ({
    key,
    value: (Object.hasOwn(table, key) ? table[key]?.(value, scope) : undefined) ?? data(value),
  }))

const within =
  (table: Table): Write =>
  (value, scope) =>
    isObject(value) ? object(membersOf(value, scope, table)) : data(value)

const each =
  (write: Write): Write =>
  (value, scope) =>
    list(listOf(value).map((one) => write(one, scope)))

const calledTool: Write = (value, scope) => toolCall(value, scope)?.code ?? data(value)

/** An operation beside other members, as `{ run, … }`; alone, it is written alone. */
const running =
  (table: Table): Write =>
  (value, scope) => {
    if (!isObject(value)) return data(value)
    const [operation, rest] = splitOperation(value)
    const run = operationCode(operation, scope)
    if (Object.keys(rest).length === 0) return run
    return object([{ key: "run", value: run }, ...membersOf(rest, scope, table)])
  }

const policies: Table = {
  forEach: bindingCode,
  onError: within({ output: bindingCode, run: operationCode, input: bindingCode }),
}

const consequence = "then"
const route: Write = (value, scope) => {
  if (!isObject(value)) return data(value)
  const members = membersOf(value, scope, { [consequence]: operationCode })
  return object(members.map((each) => (each.key === consequence ? { ...each, key: "run" } : each)))
}

/** Members of the patterns that are no graphs, and of scatter-gathers. */
const bodies: Table = {
  inner: operationCode,
  fallback: operationCode,
  otherwise: operationCode,
  deadLetterTool: calledTool,
  storeTool: calledTool,
  retrieveTool: calledTool,
  recipientsTool: calledTool,
  embedder: calledTool,
  routes: each(route),
  enrichments: each(within({ operation: operationCode, input: bindingCode })),
  taps: each(within({ tool: calledTool })),
  sources: each(within({ operation: operationCode })),
  targets: each(running({ ...policies, input: bindingCode })),
  aggregation: within({ ops: opsCode }),
}

interface Graph {
  readonly scope: Scope
  /** The member of a step that holds what it does. */
  readonly does: "operation" | "action"
}

/** `pipeline(options, (step) => { … })`: a statement for each step, and the output returned. */
function graphCode(name: string, body: JsonObject, { scope, does }: Graph): Code {
  const { steps, output, ...options } = body
  const names = scope.names.inner()
  let inner: Scope = { ...scope, names }
  const statements: Statement[] = []
  for (const step of listOf(steps)) {
    if (!isObject(step)) continue
    const { handle, statement } = stepCode(step, { scope: inner, does })
    statements.push(statement)
    inner = { ...inner, handles: [...inner.handles, handle] }
  }
  if (output !== undefined)
    statements.push({ before: () => "return ", code: bindingCode(output, inner) })
  const build: Code = { kind: "function", parameter: "step", body: statements }
  const said = Object.keys(options).length === 0 ? [] : [data(options)]
  return call(name, ...said, build)
}

function stepCode(step: JsonObject, { scope, does }: Graph) {
  const { id, [does]: operation, ...options } = step
  const name = typeof id === "string" ? id : ""
  const { code, gives } = operating(operation ?? null, scope)
  const isEach = Object.hasOwn(step, "forEach")
  const schema: Json | undefined = isEach && gives !== undefined ? { items: gives } : gives
  const handle: Handle = { id: name, variable: scope.names.next(name), schema, isUsed: false }
  const table = { ...stepMembers, compensate: compensation(handle) }
  const said = Object.keys(options).length === 0 ? [] : [object(membersOf(options, scope, table))]
  const statement: Statement = {
    before: () => (handle.isUsed ? `const ${handle.variable} = ` : ""),
    code: call("step", text(name), code, ...said),
  }
  return { handle, statement }
}

const stepMembers: Table = {
  ...policies,
  input: bindingCode,
  after: each((id, { handles }) => {
    const handle = handles.findLast((each) => each.id === id)
    if (handle === undefined) return data(id)
    handle.isUsed = true
    return handle.variable
  }),
  onUnknown: within({ probe: operationCode, input: bindingCode }),
}

/** It may refer to its own step: then it is a function that is given what the step gave. */
const compensation =
  (step: Handle): Write =>
  (value, scope) => {
    const own = { ...step, variable: scope.names.inner().next("own"), isUsed: false }
    const inside = { ...scope, handles: [...scope.handles, own] }
    const code = running({ input: bindingCode })(value, inside)
    return own.isUsed ? { kind: "function", parameter: own.variable, body: code } : code
  }
