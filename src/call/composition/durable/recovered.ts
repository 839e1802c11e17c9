import type { Plan } from "../../../compose/plan/plan.ts"
import type { RunRecord } from "../../../compose/run/durable/record.ts"
import { isObject } from "../../../schema/json.ts"
import type { CallRequest, InsideLine, Way } from "../../call.ts"
import { beginFacts } from "../../facts.ts"
import type { Gateway } from "../../gateway.ts"
import { readTraceparent, writeTraceparent } from "../../trace/context.ts"
import type { Origin } from "./durable-runs.ts"
import { callerOf } from "./principal.ts"

/** Replaces the call of a run that goes on without it: the run's own calls go the way of a call like all others. */
export function recoveredOrigin(
  record: RunRecord,
  { tool }: Plan,
  gateway: Gateway,
  inside: InsideLine,
): Origin {
  const catalog = gateway.catalog()
  const caller = callerOf(record.principal, catalog)
  const facts = beginFacts(gateway.now(), catalog.digest, { name: record.tool })
  facts.caller = caller
  const first = readTraceparent(record.trace)
  const args = isObject(record.input) ? record.input : undefined
  const request: CallRequest = {
    era: undefined,
    method: "tools/call",
    evidence: noEvidence,
    trace: first,
    tool: record.tool,
    arguments: args,
    exactArguments: args,
    meta: first && { traceparent: writeTraceparent(first) }, // its calls go on with the trace that it began in
    cancellation: undefined,
    onNotification: undefined,
  }
  const span = gateway.tracing?.resumed(first, request, facts)
  const way: Way = { kind: "call", id: gateway.id(), request, gateway, catalog, facts, span }
  const called = catalog.tool(tool.name, tool.version)
  const onRest = span && ((status: string) => span.rested(record, status))
  return { way, caller, inside, tool: called, onRest }
}

const noEvidence: CallRequest["evidence"] = {
  remote: "",
  certificate: undefined,
  authorization: undefined,
  agentName: undefined,
  agentVersion: undefined,
  callerAgent: undefined,
  forwardedCertificate: undefined,
  clientInfo: undefined,
  sessionPrincipal: undefined,
}
