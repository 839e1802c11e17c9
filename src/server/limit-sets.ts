import type { InteractionLimits } from "../call/interaction/limits.ts"
import { defaultPlanLimits, type PlanLimits } from "../compose/plan/limits.ts"
import type { RunLimits } from "../compose/run/limits.ts"
import type { PolicyStateLimits } from "../compose/run/state/policy-state.ts"
import type { BackendLimits } from "../mcp/backend/limits.ts"
import type { FaceLimits } from "../mcp/face/limits.ts"
import type { LoadLimits } from "../registry/limits.ts"
import type { HttpLimits } from "../store/http/limits.ts"
import type { ProgramLimits } from "../store/program/limits.ts"
import type { Limits } from "./limits.ts"

/** The configured limits as the MCP face names them. */
export const faceLimitsOf = (limits: Limits): FaceLimits => ({
  bodyBytesMax: limits.bodyBytes,
  depthMax: limits.bodyDepth,
  nodesMax: limits.bodyNodes,
  loopDelayMs: limits.loopDelay,
  sessionIdleMs: limits.sessionIdle,
  sessionLifetimeMs: limits.sessionLifetime,
  sessionsMax: limits.sessions,
  sessionsPerCallerMax: limits.sessionsPerCaller,
  subscriptionsMax: limits.subscriptions,
  streamsMax: limits.streams,
  streamsPerCallerMax: limits.streamsPerCaller,
  streamBufferBytesMax: limits.streamBufferBytes,
  streamRetryMs: limits.streamRetry,
  replayBytesMax: limits.replayBytes,
  replayBytesTotalMax: limits.replayBytesTotal,
  keepAliveMs: limits.streamKeepAlive,
  listPageMax: limits.listPage,
  listTtlMs: limits.listTtl,
  listChangedDebounceMs: limits.listChangedDebounce,
})

/** The configured limits as the backends name them; the others are theirs alone. */
export const backendLimitsOf = (limits: Limits): Partial<BackendLimits> => ({
  connectMs: limits.backendConnectTimeout,
  probeMs: limits.backendProbeTimeout,
  startMs: limits.backendStartTimeout,
  startsMax: limits.backendStarts,
  backoffMaxMs: limits.backendRetryWait,
  drainMs: limits.shutdownTimeout,
  streamBytesMax: limits.backendStreamBytes,
  resumptionsMax: limits.backendResumptions,
  tokenMs: limits.backendTokenTimeout,
  tokenBytesMax: limits.backendTokenBytes,
  callersMax: limits.backendCallers,
  callerIdleMs: limits.backendCallerIdle,
  listedMax: limits.backendListed,
  listedBytesMax: limits.backendAnswerBytes,
  listWaitMs: limits.backendListWait,
  listTtlMs: limits.backendListTtl,
  askingMs: limits.questionWindow + 1_000, // the questions end first
  askingMax: limits.backendAsking,
  childrenMax: limits.backendProcesses,
  childrenPerCallerMax: limits.backendProcessesPerCaller,
  childIdleMs: limits.backendProcessIdle,
  sessionsMax: limits.backendSessions,
  sessionIdleMs: limits.backendSessionIdle,
})

/** The configured limits as questions to callers name them. */
export const interactionLimitsOf = (limits: Limits): InteractionLimits => ({
  questionMs: limits.questionTimeout,
  totalMs: limits.questionWindow,
  questionsMax: limits.questions,
  heldMax: limits.heldRequests,
  heldPerCallerMax: limits.heldRequestsPerCaller,
})

/** The configured limits as the loading of a registry names them. */
export const loadLimitsOf = (limits: Limits): LoadLimits => ({
  documentBytesMax: limits.registryBytes,
  depthMax: limits.registryDepth,
  entitiesMax: limits.registryEntities,
  dependsMax: limits.registryDepends,
})

/** The same for the lock: tools are as deep there as servers may send them. */
export const lockLimitsOf = (limits: Limits): LoadLimits => ({
  ...loadLimitsOf(limits),
  documentBytesMax: limits.lockBytes,
  depthMax: definitionDepthMax,
})

/** Of what a backend answers (`mcp/backend/answer.ts`), and the levels of the lock around it. */
const definitionDepthMax = 1_010

/** The configured limits as the running of a registry program names them. */
export const programLimitsOf = (limits: Limits): ProgramLimits => ({
  timeMs: limits.registryProgramTimeout,
  memoryBytes: limits.registryProgramMemory,
  documentBytes: limits.registryBytes,
})

/** The configured limits as the running of compositions names them. */
export const runLimitsOf = (limits: Limits): RunLimits => ({
  maxSteps: limits.maxSteps,
  maxTargets: limits.maxTargets,
  maxDepth: limits.maxDepth,
  maxItems: limits.maxItems,
  maxParallel: limits.maxParallel,
  maxCalls: limits.maxCalls,
  stepOutputBytes: limits.stepOutputBytes,
  runBytes: limits.runBytes,
  drainMs: limits.runDrain,
  graceMs: limits.runGrace,
  compensationMs: limits.compensation,
  maxUnknowns: limits.unknownOutcomes,
  maxRecoveries: limits.recoveries,
})

/** The configured limits as the policies of compositions name them. */
export const policyLimitsOf = (limits: Limits): PolicyStateLimits => ({
  cacheEntries: limits.cacheEntries,
  cacheBytes: limits.cacheBytes,
  policyNames: limits.policyNames,
  throttleQueue: limits.throttleQueue,
  detachedQueue: limits.detachedQueue,
  detachedParallel: limits.detachedParallel,
  detachedTimeoutMs: limits.detachedTimeout,
})

/** The configured limits as the planning of compositions names them. */
export const planLimitsOf = (limits: Limits): PlanLimits => ({
  ...defaultPlanLimits,
  maxSteps: limits.maxSteps,
  maxPlanSteps: limits.maxPlanSteps,
  maxTargets: limits.maxTargets,
  maxDepth: limits.maxDepth,
  maxParallel: limits.maxParallel,
  maxAttempts: limits.maxAttempts,
})

/** The configured limits as a registry over HTTP names them. */
export const httpLimitsOf = (limits: Limits): HttpLimits => ({
  fetchMs: limits.registryFetchTimeout,
  documentBytesMax: limits.registryBytes,
  retryMaxMs: limits.registryRetryWait,
  eventsIdleMs: limits.registryEventsIdle,
})
