import type { JsonObject } from "../../../../schema/json.ts"
import type { Node } from "../../../plan/plan.ts"
import { writtenTarget } from "../../../plan/target.ts"
import type { StoredEvent } from "../event.ts"
import type { RunRecord } from "../record.ts"
import type { StepState, UndoState } from "../step-state.ts"
import { stepAt } from "./plan-step.ts"
import { answerable } from "./questions.ts"
import { possible, type Standing } from "./verbs.ts"

/** One line of a list of runs. Times are ISO 8601. */
export const summaryOf = (record: RunRecord): JsonObject =>
  plain({
    id: record.id,
    tool: record.version === undefined ? record.tool : `${record.tool}@${record.version}`,
    status: record.status,
    reason: record.reason,
    key: record.key,
    agent: record.principal["name"],
    created: iso(record.createdMs),
    updated: iso(record.updatedMs),
  })

/** All that is known of a run, for an operator. It has arguments and values. */
export function viewOf(standing: Standing, events: readonly StoredEvent[]): JsonObject {
  const { record, state, plan } = standing
  return plain({
    ...summaryOf(record),
    parkedFrom: state.parkedFrom,
    deadline: record.deadlineMs === undefined ? undefined : iso(record.deadlineMs),
    recoveries: record.recoveries,
    epoch: record.epoch,
    owner: record.owner,
    registry: record.registry,
    plan: record.plan,
    trace: record.trace,
    principal: record.principal,
    input: record.input,
    questions: answerable(standing).map(({ path, untilMs, ...question }) => ({
      ...{ step: path, ...question, until: iso(untilMs) },
    })),
    steps: [
      ...[...state.steps].map(([path, step]) => stepView(path, step, standing)),
      ...plan.root.steps
        .filter(({ id }) => ![...state.steps.keys()].some((path) => isAt(path, id)))
        .map(({ id }) => ({ path: id, status: "pending", attempts: 0 })),
    ],
    events: events.map(({ atMs, ...event }) => ({ at: iso(atMs), ...event })),
    possible: [...possible(standing)],
  })
}

const isAt = (path: string, id: string): boolean =>
  path === id || path.startsWith(`${id}/`) || path.startsWith(`${id}[`)

function stepView(path: string, step: Readonly<StepState>, { record, plan }: Standing): object {
  const planned = stepAt(plan.root, path)
  const { standing, undo, attempts, value, isForced, settled, problem } = step
  const isBad = standing === "failed" || standing === "unknown"
  return {
    path,
    status: standing,
    attempts,
    target: planned && targetOf(planned.node),
    key: `${record.id}/${path}`,
    value,
    byOperator: isForced ? true : undefined,
    settled: settled && { as: settled.as, by: settled.by },
    error: isBad ? problem?.error : undefined,
    undo: undo && undoView(path, undo, planned?.undo?.node, record),
  }
}

const undoView = (path: string, undo: UndoState, node: Node | undefined, { id }: RunRecord) => ({
  status: undo.standing,
  attempts: undo.attempts,
  target: node && targetOf(node),
  key: `${id}/~${path}`,
  error: undo.standing === "undone" ? undefined : undo.error,
})

const targetOf = (node: Node): string | undefined =>
  node.kind === "call" ? writtenTarget(node.target) : undefined

const iso = (ms: number): string => new Date(ms).toISOString()

/** Without what is undefined. */
const plain = (object: object): JsonObject => JSON.parse(JSON.stringify(object)) as JsonObject
