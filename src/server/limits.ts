import { interactionLimits } from "../call/interaction/limits.ts"
import { defaultPlanLimits } from "../compose/plan/limits.ts"
import { defaultRunLimits } from "../compose/run/limits.ts"
import { defaultPolicyStateLimits } from "../compose/run/state/policy-state.ts"
import { defaultLimits as backendLimits } from "../mcp/backend/limits.ts"
import { faceLimits } from "../mcp/face/limits.ts"
import { defaultLoadLimits } from "../registry/limits.ts"
import { defaultHttpLimits } from "../store/http/limits.ts"
import { defaultProgramLimits } from "../store/program/limits.ts"
import { bytes, count, day, gib, kib, type Limit, mib, minute, time } from "./limit-kinds.ts"
import { telemetryLimits } from "./telemetry/limits.ts"

/**
 * Every limit that configuration can move: its name is its key under `limits:`. Functions are given the numbers; none of
 * them imports this table.
 */
export const limitTable = {
  connections: count(20_000, "open connections of the main listener; more are closed at once"),
  adminConnections: count(100, "open connections of the admin listener"),
  requestsPerConnection: count(10_000, "requests on one connection before it is closed"),
  handshakeTimeout: time(10_000, "a TLS handshake may take"),
  headersTimeout: time(10_000, "a request's headers may take to arrive"),
  requestTimeout: time(30_000, "a whole request may take to arrive"),
  keepAliveTimeout: time(5_000, "an idle connection stays open; 65s behind a load balancer"),
  answerTimeout: time(30_000, "the rest of an answer may wait for a caller that takes none of it"),
  ...telemetryLimits,
  shutdownTimeout: time(10_000, "calls in flight may take to finish when the gateway stops"),
  headerBytes: bytes(16 * kib, "of a request's headers; more is answered with 431"),
  headerCount: count(100, "headers of a request"),
  bodyBytes: bytes(faceLimits.bodyBytesMax, "of a request's body; more is answered with 413"),
  bodyDepth: count(faceLimits.depthMax, "levels of nesting in a request's body"),
  bodyNodes: count(faceLimits.nodesMax, "JSON values in a request's body"),
  loopDelay: time(
    faceLimits.loopDelayMs,
    "work may make the event loop late before requests are turned away",
  ),
  sessions: count(faceLimits.sessionsMax, "sessions of legacy clients"),
  sessionsPerCaller: count(
    faceLimits.sessionsPerCallerMax,
    "sessions of one caller; the longest unused one without calls makes room",
  ),
  sessionIdle: time(faceLimits.sessionIdleMs, "a session may be unused"),
  sessionLifetime: time(faceLimits.sessionLifetimeMs, "a session may last, however busy"),
  subscriptions: count(
    faceLimits.subscriptionsMax,
    "resources that one session, or one listen stream, may subscribe to",
  ),
  streams: count(faceLimits.streamsMax, "streams open to callers"),
  streamsPerCaller: count(faceLimits.streamsPerCallerMax, "such streams of one caller"),
  streamBufferBytes: bytes(
    faceLimits.streamBufferBytesMax,
    "waiting for the reader of a stream; a slower one is cut off, longer news are shortened",
  ),
  streamRetry: time(
    faceLimits.streamRetryMs,
    "clients are asked to wait before they come back to a lost stream",
  ),
  replayBytes: bytes(
    faceLimits.replayBytesMax,
    "of sent events kept for one session, for clients that lost a stream",
  ),
  replayBytesTotal: bytes(faceLimits.replayBytesTotalMax, "of the same for all sessions together"),
  streamKeepAlive: time(faceLimits.keepAliveMs, "a stream may be silent before a sign of life"),
  listPage: count(faceLimits.listPageMax, "tools on one page of a list"),
  listTtl: { ...time(faceLimits.listTtlMs, "a client may keep a list without asking"), min: 0 },
  listChangedDebounce: time(
    faceLimits.listChangedDebounceMs,
    "reloads are gathered before clients are told",
  ),
  registryBytes: bytes(defaultLoadLimits.documentBytesMax, "of a registry document"),
  registryDepth: count(defaultLoadLimits.depthMax, "levels of nesting in a registry document"),
  registryEntities: count(
    defaultLoadLimits.entitiesMax,
    "schemas, servers, tools and agents of a registry document",
  ),
  registryDepends: count(defaultLoadLimits.dependsMax, "entries in one depends"),
  registryProgramTimeout: time(
    defaultProgramLimits.timeMs,
    "a program that makes the registry document may take",
  ),
  registryProgramMemory: {
    ...bytes(defaultProgramLimits.memoryBytes, "that its JavaScript may keep"),
    min: 32 * mib,
    max: 8 * gib,
  },
  registryFetchTimeout: time(defaultHttpLimits.fetchMs, "one fetch of the document may take"),
  registryRetryWait: time(
    defaultHttpLimits.retryMaxMs,
    "its source is left alone at most, whatever that asks for (Retry-After)",
  ),
  registryEventsIdle: time(
    defaultHttpLimits.eventsIdleMs,
    "the source's stream of changes may be silent before it is opened anew",
  ),
  registrySlice: time(10, "a registry document is worked on before waiting calls get a turn"),
  exposedInterval: time(
    1_000,
    "the tools that a server exposes stay what they are, however often its list changes",
  ),
  maxSteps: count(defaultPlanLimits.maxSteps, "steps of one pipeline or saga", 500),
  maxPlanSteps: count(
    defaultPlanLimits.maxPlanSteps,
    "steps of a composition, with those of the compositions that it calls",
    10_000,
  ),
  maxTargets: count(defaultPlanLimits.maxTargets, "targets of one scatter-gather", 100),
  maxDepth: count(defaultPlanLimits.maxDepth, "patterns and compositions inside each other", 16),
  maxParallel: count(
    defaultPlanLimits.maxParallel,
    "steps of one pattern, or items of one step, at a time",
    64,
  ),
  maxAttempts: count(defaultPlanLimits.maxAttempts, "attempts of one step, with the first", 20),
  maxItems: count(defaultRunLimits.maxItems, "items of one forEach", 10_000),
  maxCalls: count(defaultRunLimits.maxCalls, "calls of one run, with all attempts"),
  stepOutputBytes: {
    ...bytes(defaultRunLimits.stepOutputBytes, "of the value of one step, as JSON"),
    max: 10 * mib,
  },
  runBytes: {
    ...bytes(defaultRunLimits.runBytes, "of the values of all steps of a run, as JSON"),
    max: 32 * mib,
  },
  runs: count(1_000, "runs of compositions at a time; more are refused"),
  runsPerCaller: count(500, "such runs of one caller"),
  runsOpen: count(10_000, "durable runs without an end at a time; more are refused"),
  runsOpenPerCaller: count(2_500, "such runs of one caller, with those that wait for a person"),
  runHold: time(
    50_000,
    "a call waits for its durable run; then its caller is told that it goes on",
  ),
  runTaskAfter: {
    ...time(
      2_000,
      "a call by a client that takes tasks waits for its durable run; then it is answered with a task",
    ),
    min: 0,
  },
  runLease: {
    ...time(
      15_000,
      "others wait before they take over the runs of a gateway that they do not hear of",
    ),
    min: 1_000,
  },
  runRetention: {
    ...time(7 * day, "the result of a durable run is kept after its end"),
    max: 10 * 365 * day,
  },
  runTombstone: {
    ...time(90 * day, "the id of a durable run stays taken after its end"),
    max: 10 * 365 * day,
  },
  runJournalBytes: { ...bytes(4 * gib, "of the file with the durable runs"), max: 1024 * gib },
  runTimeout: time(5 * minute, "one run of a composition may take"),
  runDrain: time(
    defaultRunLimits.drainMs,
    "calls with an effect may go on after another step of their run has failed",
  ),
  runGrace: {
    ...time(
      defaultRunLimits.graceMs,
      "an answer is still taken after the time of its call is up, where it decides what is undone",
    ),
    min: 0,
  },
  compensation: {
    ...time(
      defaultRunLimits.compensationMs,
      "a compensation is tried, or what became of a call is asked, before the run is parked",
    ),
    max: 30 * 24 * 60 * minute,
  },
  unknownOutcomes: count(
    defaultRunLimits.maxUnknowns,
    "unknown outcomes of one call before its run is parked",
    20,
  ),
  recoveries: count(
    defaultRunLimits.maxRecoveries,
    "recoveries of one run without progress before it is parked",
    100,
  ),
  resultText: count(
    mib,
    "characters of one result that are looked through; a longer one is withheld where something must be taken out",
    64 * mib,
  ),
  cacheEntries: count(
    defaultPolicyStateLimits.cacheEntries,
    "results kept for steps with a cache, and for results.cache",
  ),
  cacheBytes: bytes(defaultPolicyStateLimits.cacheBytes, "of all results kept, as JSON"),
  policyNames: count(
    defaultPolicyStateLimits.policyNames,
    "breakers, throttles and servers of which something is remembered",
  ),
  throttleQueue: count(
    defaultPolicyStateLimits.throttleQueue,
    "steps waiting for their turn at one throttle; more are refused",
  ),
  detachedQueue: count(
    defaultPolicyStateLimits.detachedQueue,
    "detached steps waiting; of more the oldest is dropped",
  ),
  detachedParallel: count(defaultPolicyStateLimits.detachedParallel, "detached steps at a time"),
  detachedTimeout: time(defaultPolicyStateLimits.detachedTimeoutMs, "a detached step may take"),
  rateLimitCounts: count(
    100_000,
    "counts of rate limits that are kept; the one not asked for longest is forgotten",
  ),
  rateStoreTimeout: time(
    250,
    "the database that gateways share for rate limits is waited for; then each counts for itself",
  ),
  hops: count(
    8,
    "gateways that a request may pass; one that has passed so many goes no further",
    100,
  ),
  backendTimeout: time(60_000, "one call of a backend may take; a server's timeout overrides"),
  backendConcurrency: count(64, "calls in flight to one server; its concurrency overrides"),
  backendQueue: {
    ...count(1_024, "calls waiting for one server; its queue overrides"),
    min: 0,
  },
  breakerFailures: count(
    10,
    "failures of one server in a row before it is left alone; its breaker overrides",
  ),
  breakerPercent: count(50, "percent of a server's calls that may fail in breakerWindow", 100),
  breakerCalls: count(20, "calls in breakerWindow before their percentage says something"),
  breakerWindow: time(10_000, "calls are counted for breakerPercent"),
  breakerOpen: time(
    3_000,
    "a server is left alone before one call tries it; its breaker overrides",
  ),
  backendRetries: {
    ...count(
      0,
      "times that a call is made again where doing it twice does no harm; a server's retries overrides",
      5,
    ),
    min: 0,
  },
  backendAnswerBytes: bytes(16 * mib, "of one answer of a backend, or of one event of a stream"),
  backendStreamBytes: bytes(backendLimits.streamBytesMax, "of all events of one call's stream"),
  backendResumptions: count(
    backendLimits.resumptionsMax,
    "times that the stream of one answer is taken up after it broke",
  ),
  backendConnectTimeout: time(backendLimits.connectMs, "one attempt to connect may take"),
  backendProbeTimeout: time(
    backendLimits.probeMs,
    "a process may be silent before it is taken for a legacy server",
  ),
  backendStartTimeout: time(backendLimits.startMs, "a started server may take to open its port"),
  backendStarts: count(backendLimits.startsMax, "processes that start at once; more wait"),
  backendRetryWait: time(backendLimits.backoffMaxMs, "to wait at most between two attempts"),
  backendTokenTimeout: time(backendLimits.tokenMs, "one request for a token may take"),
  backendTokenBytes: bytes(backendLimits.tokenBytesMax, "of one answer of an authorization server"),
  backendCallers: count(
    backendLimits.callersMax,
    "callers with connections and a token of their own at one server",
  ),
  backendCallerIdle: time(
    backendLimits.callerIdleMs,
    "the connections and the token of a caller may be unused",
  ),
  backendListed: count(backendLimits.listedMax, "entries read of one server's list"),
  backendListWait: time(
    backendLimits.listWaitMs,
    "a list may wait for a server; then it is what was last known",
  ),
  backendListTtl: {
    ...time(backendLimits.listTtlMs, "a server's list is kept where the server does not say"),
    min: 0,
  },
  lockBytes: bytes(32 * mib, "of the lock file"),
  lookEvery: time(5 * minute, "a pinned server is left alone before its tools are looked at again"),
  looks: count(8, "pinned servers that are looked at, at a time", 1_000),
  driftRecords: count(60, "records of one server's drift in a minute; more are counted"),
  backendSessions: count(
    backendLimits.sessionsMax,
    "sessions with one legacy server for callers that it can ask something",
  ),
  backendSessionIdle: time(backendLimits.sessionIdleMs, "one of those sessions may be unused"),
  backendProcesses: count(backendLimits.childrenMax, "processes of one server with `isolation`"),
  backendProcessesPerCaller: count(
    backendLimits.childrenPerCallerMax,
    "such processes that work for one caller at a time",
  ),
  backendProcessIdle: time(backendLimits.childIdleMs, "one of those processes may be unused"),
  backendAsking: count(
    backendLimits.askingMax,
    "calls of one server that wait for their callers' answers and do not count as in flight",
  ),
  questionTimeout: time(
    interactionLimits.questionMs,
    "a server's question to a caller waits for its answer, or for the next sign of progress",
  ),
  questionWindow: time(
    interactionLimits.totalMs,
    "after a request began its server may ask questions, and have them answered",
  ),
  questions: count(interactionLimits.questionsMax, "questions of a server within one request"),
  heldRequests: count(
    interactionLimits.heldMax,
    "requests that wait for modern callers to come back with answers",
  ),
  heldRequestsPerCaller: count(interactionLimits.heldPerCallerMax, "such requests of one caller"),
} as const satisfies Readonly<Record<string, Limit>>

export type LimitName = keyof typeof limitTable

/** The configured limits: milliseconds, bytes or counts, as the table says. */
export type Limits = Readonly<Record<LimitName, number>>

export const limitNames = Object.keys(limitTable) as LimitName[] // Object.keys widens what it was given

/** The limits of a configuration that sets none. */
export const defaultLimits = Object.fromEntries(
  limitNames.map((name) => [name, limitTable[name].default]),
) as Limits // every name of the table, by construction
