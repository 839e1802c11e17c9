import { setTimeout as sleep } from "node:timers/promises"
import { createExposures } from "../call/exposed/exposures.ts"
import { createIdentify } from "../call/identify.ts"
import { redactedBackends } from "../call/results/redacted-backends.ts"
import { tracedBackends } from "../call/trace/traced-backends.ts"
import type { RunRecord } from "../compose/run/durable/record.ts"
import type { Change } from "../mcp/backend/offering.ts"
import { createBackends } from "../mcp/backend/pool.ts"
import { createFace } from "../mcp/face/face.ts"
import type { Catalog } from "../registry/catalog.ts"
import { written } from "../registry/model.ts"
import { formatProblem } from "../registry/print-problems.ts"
import type { Problem } from "../registry/problem.ts"
import { createAdmin, json } from "./admin.ts"
import { auditOf } from "./audit/configured.ts"
import { noteRecord } from "./audit/records.ts"
import { breakerPage } from "./breaker-pages.ts"
import { Runs } from "./compositions.ts"
import type { Config } from "./config/config.ts"
import { configuredRoutes } from "./configured-routes.ts"
import { createEnforcement } from "./enforcement.ts"
import { faceOptions } from "./face-options.ts"
import { createGatewayMetrics, type GatewayMetrics } from "./gateway-metrics.ts"
import { identityPorts, identitySettings } from "./identity-of.ts"
import { backendLimitsOf } from "./limit-sets.ts"
import { type Listener, listen } from "./listen.ts"
import { ownHosts } from "./own-host.ts"
import {
  currentCatalog,
  currentRoutes,
  nothingYet,
  type Parts,
  type StartOptions,
} from "./parts.ts"
import { Pinning } from "./pins/pinning.ts"
import { guardBackends, openRates } from "./protection.ts"
import { randomId } from "./random-id.ts"
import { type Outcomes, openRegistry, waitingOf } from "./registry/open-registry.ts"
import type { Accepted, RegistryState } from "./reload.ts"
import type { Routes } from "./routes.ts"
import { gatewayDesk } from "./runs/gateway-desk.ts"
import { createRunPages } from "./runs/pages.ts"
import { secretsOf } from "./secrets-of.ts"
import { requestStateSeal } from "./session-keys.ts"
import { inSlices } from "./slices.ts"
import { StartError } from "./start-error.ts"
import { readiness, status } from "./status.ts"
import { configuredTelemetry } from "./telemetry/configured.ts"
import { configuredTls } from "./tls/configured.ts"

/** A gateway that serves. */
export interface Running {
  /** Of the MCP endpoint. */
  readonly url: string
  readonly adminUrl: string
  catalog(): Catalog
  /** Where the catalog's servers live, and what of them is carried. */
  routes(): Routes
  /** Readiness goes red first, then calls in flight finish, then backends and their processes end. */
  close(): Promise<void>
}

/**
 * The composition root: joins configuration, registry, the way of a call, the MCP face, the backends, the audit and the
 * listeners; nothing else in the project knows all of them. Rejects with a StartError for what the operator can mend.
 * Once all parts are made, a failure closes them; before that, the process is expected to end.
 */
export async function startGateway(config: Config, options: StartOptions): Promise<Running> {
  const telemetry = await configuredTelemetry(config, options, () => parts)
  const tls = await configuredTls(config, options.log)
  const parts = assemble(config, options, { telemetry, tls })
  const listeners: Listener[] = []
  try {
    listeners.push(await openAdmin(parts)) // first: it says that the gateway waits for its registry
    const state = await parts.registry.start(waitingOf(config, options.signal))
    await parts.pinning.start()
    if (parts.current.catalog === undefined) throw unsound(config, state)
    if (state.lastError !== undefined) refuse(parts, state.lastError.problems) // the copy is served
    const contradictions = parts.current.routes?.problems.filter(isError) ?? []
    if (contradictions.length > 0)
      throw new StartError(`the servers of ${config.file} contradict each other`, {
        lines: contradictions.map(formatProblem),
      })
    parts.compositions.start(parts.gateway)
    parts.rates.open()
    listeners.push(await openMain(parts)) // apart, or the first would stay open when this one cannot
    parts.current.isServing = true
  } catch (error) {
    await shutDown(parts, listeners)
    if (error instanceof StartError) throw error
    throw new StartError(wordsOf(error), { cause: error })
  }
  note(parts, "config", { event: "started", warnings: [...options.warnings] })
  parts.pinning.open()
  const [admin, main] = listeners
  let closing: Promise<void> | undefined
  return {
    url: `${main?.url}${config.listen.path}`,
    adminUrl: `${admin?.url}`,
    catalog: () => currentCatalog(parts.current),
    routes: () => currentRoutes(parts.current),
    close: () => {
      closing ??= shutDown(parts, listeners)
      return closing
    },
  }
}

function assemble(
  config: Config,
  options: StartOptions,
  { telemetry, tls }: Pick<Parts, "telemetry" | "tls">,
): Parts {
  const { log, version } = options
  const current = nothingYet()
  const metrics = createGatewayMetrics()
  const audit = startable(() => auditOf(config, log))
  const identify = startable(() => createIdentify(identitySettings(config), identityPorts))
  const pinning = new Pinning({
    config,
    log,
    audit,
    look: (server) => backends.look(server),
    withheldChanged: () => face.catalogChanged(),
    count: (change) => metrics.countDrift(change),
  })
  const backends = createBackends({
    identity: { name: "postern", version },
    limits: backendLimitsOf(config.limits),
    secrets: secretsOf(config),
    log: (level, event, fields) => log[level]({ event, ...fields }),
    changed: (server, change) => {
      if (isAboutTools(change)) exposures.changed(server)
    },
    observe: (server, sighting) => pinning.pins.observe(server, sighting),
    guard: pinning.pins,
  })
  const exposures = createExposures(backends, lookingOf(config.limits), {
    changed: () => face.catalogChanged(),
    left: (server, tool, reason) =>
      log.warn({ event: "exposed_tool_left_out", server: written(server), tool, reason }),
  })
  const compositions = openRuns(config, options, metrics, (run, event) =>
    noteRun(parts, run, event),
  )
  const rates = openRates(config, metrics, log)
  const told = config.results.redactions.length === 0 ? backends : redactedBackends(backends)
  const guarded = guardBackends(tracedBackends(told, telemetry?.tracing), log)
  const gateway = createEnforcement({
    config,
    current,
    audit,
    identify,
    backends: guarded,
    exposures,
    compositions,
    rates: rates.limits,
    metrics,
    log,
    sealer: startable(() => requestStateSeal(config)),
    pinning,
    telemetry,
  })
  const face = startable(() => createFace(gateway, faceOptions(config, { log, tls, version })))
  const opened = openRegistry(
    config,
    options,
    outcomes(() => parts),
  )
  const parts: Parts = {
    gateway,
    config,
    options,
    audit,
    identify,
    backends,
    guarded,
    rates,
    exposures,
    compositions,
    face,
    ...opened,
    metrics,
    telemetry,
    tls,
    pinning,
    current,
  }
  return parts
}

/** How often, and how, what servers expose is looked at. */
const lookingOf = ({ exposedInterval, registrySlice }: Config["limits"]) => ({
  intervalMs: exposedInterval,
  inSlices: (work: Generator<void, void, void>) => inSlices(work, { sliceMs: registrySlice }),
})

/** What becomes of documents. */
const outcomes = (parts: () => Parts): Outcomes => ({
  onAccepted: (accepted, state) => accept(parts(), accepted, state),
  onRefused: (problems) => refuse(parts(), problems),
  onRecovered: () => parts().options.log.info({ event: "registry_recovered" }),
  onBug: (error) => parts().options.log.error({ event: "registry_bug", error }),
})

/** All that compositions need while they run. */
function openRuns(
  config: Config,
  { log }: StartOptions,
  metrics: GatewayMetrics,
  tell: (run: RunRecord, event: string) => void,
): Runs {
  return new Runs(config, {
    log,
    onDurable: tell,
    onRecovered: (run) => tell(run, "recovered"),
    onEnded: (run) => metrics.countRun(run),
    onDetached: (report) => {
      metrics.countDetached(report)
      const { id, result } = report
      if (typeof result !== "string" && "bug" in result)
        log.error({ event: "composition_bug", step: id, error: result.bug })
    },
  })
}

const isAboutTools = (change: Change): boolean =>
  change.kind === "known"
    ? change.list === "tools"
    : change.kind === "list" && change.of === "tools"

/** What cannot be opened now is the operator's to mend, not a bug. */
function startable<T>(open: () => T): T {
  try {
    return open()
  } catch (error) {
    throw new StartError(wordsOf(error), { cause: error })
  }
}

const wordsOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

/** Goes over to a sound document: from here on every request sees it. */
function accept(parts: Parts, { catalog, plans, problems }: Accepted, state: RegistryState): void {
  const { backends, config, current, exposures, face, guarded, options, pinning } = parts
  const routes = configuredRoutes(config, catalog, plans)
  const all = [...problems, ...routes.problems]
  for (const problem of all) {
    if (problem.severity === "warn")
      options.log.warn({ event: "registry_problem", problem: formatProblem(problem) })
  }
  backends.route(routes.addresses)
  guarded.use(routes.resilience)
  exposures.accept(catalog, routes.rules)
  pinning.accept(catalog, routes.rules)
  current.routes = routes
  parts.compositions.use(plans)
  for (const { name, version, reason } of parts.compositions.notRunnable())
    options.log.warn({ event: "composition_not_runnable", tool: name, version, reason })
  current.catalog = catalog
  face.catalogChanged()
  keepRuns(parts, catalog)
  const { digest } = catalog
  options.log.info({ event: "registry_loaded", digest, generation: state.generation })
  note(parts, "catalog", { event: "accepted", digest, generation: state.generation })
}

/** Durable runs go on by their own plans; what was withdrawn goes back. At the start there are none yet. */
function keepRuns({ compositions, gateway, options }: Parts, catalog: Catalog): void {
  compositions.durable.accept(catalog)
  if (!compositions.isStarted) return
  try {
    compositions.start(gateway)
  } catch (error) {
    options.log.error({ event: "run_journal_unavailable", reason: wordsOf(error) })
  }
}

function noteRun(parts: Parts, { id, tool, status }: RunRecord, event: string): void {
  parts.metrics.countDurable(event)
  note(parts, "run", { event, run: id, tool, from: status })
}

/** An unsound document changes nothing but what operators are told. */
function refuse(parts: Parts, problems: readonly Problem[]): void {
  const errors = problems.filter(isError).map(formatProblem)
  if (parts.current.catalog === undefined) return // at start these are the words of the StartError
  parts.options.log.error({
    event: "registry_refused",
    problems: errors.slice(0, 20),
    count: errors.length,
  })
  const codes = [...new Set(problems.map(({ code }) => code))]
  note(parts, "catalog", { event: "refused", codes: codes.slice(0, 20) })
}

function unsound(config: Config, { lastError }: RegistryState): StartError {
  const lines = (lastError?.problems ?? []).filter(isError).map(formatProblem)
  const { name } = config.registry
  const isAway = lastError?.problems.some(({ code }) => code === "registry_source_away")
  if (!isAway) return new StartError(`the registry document ${name} is not sound`, { lines })
  return new StartError(
    `the registry document ${name} cannot be fetched, and there is no copy that can be used (registry.cache); registry.wait makes a start wait for it`,
    { lines },
  )
}

const isError = ({ severity }: Problem) => severity === "error"

function openMain({ config, face, options, tls }: Parts): Promise<Listener> {
  const { host, port } = config.listen
  return listen({
    section: "listen",
    host,
    port,
    tls,
    answer: face.answer,
    onError: ({ message }) => options.log.error({ event: "listener_trouble", reason: message }),
    connectionsMax: config.limits.connections,
    limits: config.limits,
  })
}

function openAdmin(parts: Parts): Promise<Listener> {
  const { config, options } = parts
  const { host, port, hosts } = config.admin
  const runs = createRunPages(gatewayDesk(parts), config.limits)
  const admin = createAdmin({
    readiness: () => readiness(parts),
    metrics: () => parts.metrics.read(parts),
    status: () => status(parts),
    runs: async (incoming) => (parts.current.isServing ? runs(incoming) : json(503, notYet)),
    breakers: (incoming) => breakerPage(parts.guarded, incoming),
    isOwnHost: ownHosts(hosts),
    onError: (error) => options.log.error({ event: "admin_bug", error }),
  })
  return listen({
    section: "admin",
    host,
    port,
    answer: admin,
    onError: ({ message }) => options.log.error({ event: "listener_trouble", reason: message }),
    connectionsMax: config.limits.adminConnections,
    limits: config.limits,
  })
}

const notYet = { error: "the gateway does not serve yet" }

function note(
  { audit }: Parts,
  kind: "catalog" | "config" | "run",
  what: Parameters<typeof noteRecord>[1],
): void {
  audit.write(noteRecord(kind, what, { id: randomId(), timeMs: Date.now() }))
}

/** How long the calls that lost their backend have to write their records. */
const lastRecordsMs = 1_000

async function shutDown(parts: Parts, listeners: readonly Listener[]): Promise<void> {
  const { audit, backends, compositions, config, current, face, identify, options, registry } =
    parts
  current.isClosing = true // readiness is red from here on
  const [admin, main] = listeners
  const graceMs = config.limits.shutdownTimeout
  const beganMs = Date.now()
  const drained = face.drain()
  const [cut = 0] = await Promise.all([main?.close(graceMs), compositions.rest(graceMs)])
  if (cut > 0) options.log.warn({ event: "requests_cut", count: cut, afterMs: graceMs })
  await compositions.close(Math.max(0, graceMs - (Date.now() - beganMs)))
  await Promise.all([
    backends.close(),
    registry.close(),
    parts.pinning.close(),
    parts.rates.close(),
  ])
  await Promise.race([drained, sleep(lastRecordsMs, undefined, { ref: false })])
  face.close()
  identify.close()
  note(parts, "config", { event: "stopped", cut })
  try {
    audit.close()
  } catch (error) {
    options.log.error({ event: "audit_unavailable", reason: wordsOf(error) })
  }
  await parts.telemetry?.close()
  await admin?.close(0)
}
