import { isList, isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { ListAsked } from "../../server/runs/desk.ts"
import { contentWords } from "./content-words.ts"

/** Runs, a line each; where there is none, what was asked for; where there are as many as were asked for, how to go on. */
export function* runRows({ runs }: JsonObject, { status = [], max }: ListAsked): Generator<string> {
  const rows = objects(runs)
  if (rows.length === 0) yield `no runs that are ${status.join(", ")} (--status names others)`
  const [ids, tools] = [widthOf(rows, "id"), widthOf(rows, "tool")]
  for (const { id, tool, status, created, key, reason } of rows) {
    const more = [key, reason].filter((word) => typeof word === "string").join("  ")
    const row = `${String(id).padEnd(ids)}  ${String(tool).padEnd(tools)}  ${String(status).padEnd(12)}  ${created}`
    yield `${row}  ${more}`.trimEnd()
  }
  if (rows.length === max) yield `… there may be more: go on with --after ${rows.at(-1)?.["id"]}`
}

const inputCharsMax = 400

/**
 * One run, for whoever was called at night: why it stands where it does, what happened when, and what can be done. `who`: the
 * options that each command needs here.
 */
export function* runLines(run: JsonObject, who: string): Generator<string> {
  const { id, tool, status, reason, parkedFrom, agent, created, key, input } = run
  yield `${tool}  ${status}${parkedFrom === undefined ? "" : ` (was ${parkedFrom})`}  run ${id}`
  if (reason !== undefined) yield `  why    ${reason}`
  yield `  begun  ${created}${agent === undefined ? "" : ` by ${agent}`}${key === undefined ? "" : `, key ${key}`}`
  yield `  input  ${cut(JSON.stringify(input))}`
  yield ""
  yield* timeline(objects(run["events"]), Date.parse(String(created)))
  yield ""
  yield "steps"
  for (const step of objects(run["steps"])) yield* stepLines(step)
  yield* questionLines(objects(run["questions"]))
  yield* possibleLines(run, who)
}

function* timeline(events: readonly JsonObject[], beganMs: number): Generator<string> {
  const rows = events.map((event) => ({
    after: `+${((Date.parse(String(event["at"])) - beganMs) / 1_000).toFixed(3)} s`,
    step: event["step"] === "" ? "run" : String(event["step"]),
    what: [event["kind"], event["attempt"]].filter((part) => part !== undefined).join(" "),
    more: isObject(event["data"]) ? dataWords(event["data"]) : "",
  }))
  const [times, steps] = [widthOf(rows, "after"), widthOf(rows, "step")]
  for (const { after, step, what, more } of rows)
    yield `  ${after.padStart(times)}  ${step.padEnd(steps)}  ${what.padEnd(10)}  ${more}`.trimEnd()
}

/** What an event says, by whichever of its members it has. */
function dataWords(data: JsonObject): string {
  const { target, error, value, to, why, verb, operator, reason, as, by } = data
  const { action, who, message, final, content, untilMs, output } = data
  const whose = operator === undefined ? "" : ` by ${operator}`
  return [
    target,
    verb === undefined ? undefined : `${verb}${whose}`,
    to === undefined ? undefined : `→ ${to}`,
    as === undefined ? undefined : `${as}, by ${by}`,
    why,
    action === undefined || who === "" ? action : `${action} by ${who}`,
    message,
    reason,
    untilMs === undefined ? undefined : `until ${new Date(Number(untilMs)).toISOString()}`,
    content === undefined ? undefined : cut(JSON.stringify(content)),
    isObject(error) ? errorWords(error) : undefined,
    final === true ? "not tried again" : undefined,
    value === undefined ? undefined : cut(JSON.stringify(value)),
    output === undefined ? undefined : cut(JSON.stringify(output)),
  ]
    .filter((part) => part !== undefined)
    .join("  ")
}

function* stepLines({
  path,
  status,
  attempts,
  key,
  error,
  undo,
  byOperator,
}: JsonObject): Generator<string> {
  const hand = byOperator === true ? " (by an operator)" : ""
  const sent = Number(attempts) > 0 ? `  ${tries(attempts)}, key ${key}` : ""
  yield `  ${path}  ${status}${hand}${sent}${isObject(error) ? `  ${errorWords(error)}` : ""}`
  if (!isObject(undo)) return
  const trouble = isObject(undo["error"]) ? `  ${errorWords(undo["error"])}` : ""
  yield `    compensation ${undo["status"]}  ${tries(undo["attempts"])}, key ${undo["key"]}${trouble}`
}

function* questionLines(questions: readonly JsonObject[]): Generator<string> {
  if (questions.length === 0) return
  yield ""
  yield "what it waits to be told"
  for (const { step, to, message, schema, until } of questions) {
    yield `  ${step}  ${message}`
    yield `    by ${to === "operator" ? "an operator" : "its caller, or an operator"} until ${until}`
    if (schema !== undefined) yield `    content ${cut(JSON.stringify(schema))}`
  }
}

function* possibleLines(run: JsonObject, who: string): Generator<string> {
  const possible = objects(run["possible"])
  if (possible.length === 0) return
  yield ""
  yield "what you can do"
  for (const asked of possible) yield `  postern runs ${commandOf(asked, run)} ${who}`
}

/** What is to be typed; words in capitals are to be filled in, and what is in brackets may be left out. */
function commandOf(asked: JsonObject, { id, questions }: JsonObject): string {
  const { verb, step, action, force, needs, takes } = asked
  const question = objects(questions).find((one) => one["step"] === step)
  const content = isObject(question?.["schema"]) ? contentWords(question["schema"]) : ""
  const option =
    isList(takes) && takes.includes("output") ? "--output JSON" : `--content ${content}`
  return [
    ...[verb, id, action, step].filter((word) => word !== undefined),
    ...(needs === undefined ? [] : [option]),
    ...(takes === undefined ? [] : [`[${option}]`]),
    ...(force === true ? ["--force"] : []),
  ].join(" ")
}

const errorWords = ({ class: kind, message, effect }: JsonObject): string =>
  `${kind}: ${message}${effect === "unknown" ? " (nobody knows whether it happened)" : ""}`

const tries = (attempts: Json | undefined): string =>
  attempts === 1 ? "1 attempt" : `${attempts} attempts`

const objects = (value: Json | undefined): readonly JsonObject[] =>
  isList(value) ? value.filter(isObject) : []

const widthOf = (rows: readonly JsonObject[], member: string): number =>
  Math.max(0, ...rows.map((row) => String(row[member]).length))

const cut = (text: string): string =>
  text.length <= inputCharsMax ? text : `${text.slice(0, inputCharsMax)}…`
