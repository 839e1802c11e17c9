import type { OutputSchemaOf } from "../../compose/run/durable/operate/plan-step.ts"
import type { Verb } from "../../compose/run/durable/operate/verbs.ts"
import type { Json, JsonObject } from "../../schema/json.ts"
import type { Config } from "../../server/config/config.ts"
import { operationOf } from "../../server/runs/operation.ts"
import { type Command, type Given, type Io, type Option, UsageError } from "../command.ts"
import { configOption } from "../config-file.ts"
import { operatorOf } from "./operator.ts"
import { tell } from "./tell.ts"

interface Sketch {
  readonly verb: Verb
  readonly summary: string
  readonly arguments: "ID" | "ID STEP" | "ID ANSWER [STEP]"
  readonly options?: Command["options"]
  readonly details: string
}

const reason: Option = {
  type: "string",
  value: "TEXT",
  summary: "why, for the journal and the audit; required",
}
const operator: Option = {
  type: "string",
  value: "NAME",
  summary: "who you are; otherwise POSTERN_OPERATOR or USER",
}
const json: Option = { type: "boolean", summary: "the result as one JSON object" }

export const runsResume = command({
  verb: "resume",
  summary: "Have a parked run go on in its direction, with all its tries and its time anew",
  arguments: "ID",
  details: `What is done stays done. What it was parked for is tried again with the same key: a step, or the compensations that failed.
A step whose outcome nobody knows is asked for by its probe, if it has one.`,
})

export const runsRetryStep = command({
  verb: "retry-step",
  summary: "Make one call of a parked run once more, with the same key",
  arguments: "ID STEP",
  details: `STEP is the path that runs show prints. Its compensation is made again where that failed; else the call itself, if it failed
or nobody knows whether it happened. The run goes on from there.`,
})

export const runsSkipStep = command({
  verb: "skip-step",
  summary: "Say that a step of a parked run was done, or undone, by hand",
  arguments: "ID STEP",
  options: {
    output: { type: "string", value: "JSON", summary: "what stands for the value of the step" },
  },
  details: `Where the compensation of STEP failed it counts as undone; else the step counts as done, with the output as its value. An output that
does not fit the output schema of the tool is refused. The run goes on from there.`,
})

export const runsCompensate = command({
  verb: "compensate",
  summary: "Have a run go back: what it did is undone in reverse",
  arguments: "ID",
  options: {
    force: { type: "boolean", summary: "also when the point of no return (pivot) is passed" },
  },
  details: `For a saga that is parked, running or waiting. What nobody knows counts as done, and is undone. After a pivot the steps before
it are undone only with --force; the pivot itself stays.`,
})

export const runsCancel = command({
  verb: "cancel",
  summary: "Have a run stop, as if its caller had cancelled it",
  arguments: "ID",
  details: `For a run that is running or waiting, and not past its point of no return (pivot). A saga goes back, after what nobody knows
has been settled; any other run fails.`,
})

export const runsAnswer = command({
  verb: "answer",
  summary: "Answer what a run asks: the run goes on with it",
  arguments: "ID ANSWER [STEP]",
  options: {
    content: {
      type: "string",
      value: "JSON",
      summary: "what was asked for, as an object: the value of the step",
    },
  },
  details: `ANSWER is accept or decline; runs show prints what is asked, and the schema of the content. STEP says which question is meant where
there is more than one. An answer counts once; what does not fit the schema is refused, and the run waits on.`,
})

export const runsAbandon = command({
  verb: "abandon",
  summary: "Give a parked run up: nothing is done or undone any more",
  arguments: "ID",
  details: `Ends the run for ever. Its callers are told what stays done. Look at runs show first, and clean up by hand.`,
})

function command(sketch: Sketch): Command {
  const { verb, summary, arguments: args, details } = sketch
  return {
    name: `runs ${verb}`,
    summary,
    arguments: args,
    options: { ...sketch.options, reason, operator, config: configOption, json },
    details: `${details}
Works through the gateway that runs by the configuration, on this machine; when none runs, at its journal, and the next gateway
goes on. Exit code 1 when the run does not allow it now, with the reason.`,
    run: (given, io) => run(verb, given, io),
  }
}

async function run(verb: Verb, given: Given, io: Io) {
  const [id = ""] = given.arguments
  const body = bodyOf(verb, given, io)
  const operation = operationOf(verb, body)
  if (typeof operation === "string") throw new UsageError(usageOf(operation))
  const { reach } = await import("./reach.ts")
  const done = await reach(given, io, {
    path: `/runs/${encodeURIComponent(id)}/${verb}`,
    body,
    ...(verb === "skip-step" && { outputSchemas: (config) => outputSchemas(config, io) }),
    use: async (desk) => {
      const operated = await desk.operate(id, operation)
      if (!operated.ok) return operated
      const { from, status } = operated
      return { ok: true, value: { run: id, verb, from, status, waits: true } }
    },
  })
  return tell(done, doneLines, given, io)
}

async function outputSchemas(config: Config, io: Io): Promise<OutputSchemaOf | undefined> {
  const { configuredRegistry } = await import("../sound-registry.ts")
  const sound = await configuredRegistry(config, io)
  return sound && (({ name, version }) => sound.catalog.tool(name, version)?.shown.outputSchema)
}

function bodyOf(verb: Verb, given: Given, io: Io): JsonObject {
  const [, second, third] = given.arguments
  const [action, step] = verb === "answer" ? [second, third] : [undefined, second]
  const who = operatorOf(given, io)
  const why = given.text("reason")
  if (who === undefined)
    throw new UsageError("--operator: say who you are, here or in POSTERN_OPERATOR")
  const [output, content] = [given.text("output"), given.text("content")]
  return {
    ...(who !== undefined && { operator: who }),
    ...(why !== undefined && { reason: why }),
    ...(action !== undefined && { action }),
    ...(step !== undefined && { step }),
    ...(given.flag("force") && { force: true }),
    ...(output !== undefined && { output: parsed("output", output) }),
    ...(content !== undefined && { content: parsed("content", content) }),
  }
}

/** One member is an argument, all others are options. */
const usageOf = (words: string): string =>
  words.startsWith("action:") ? words.replace("action", "ANSWER") : `--${words}`

const jsonHints = {
  output: "a text has quotes inside: '\"done\"'",
  content: 'an object, such as \'{"note": "seen"}\'',
}

function parsed(option: keyof typeof jsonHints, text: string): Json {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UsageError(`--${option}: expected JSON; ${jsonHints[option]}`, { cause })
  }
}

function* doneLines({ run: id, verb, from, status, waits }: JsonObject): Generator<string> {
  yield `${verb}: run ${id} was ${from}, and is ${status} now`
  if (waits === true && status !== "abandoned")
    yield "no gateway runs: the next one goes on with it"
}
