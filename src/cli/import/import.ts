import { dirname, resolve } from "node:path"
import { isSecret } from "../../portable/import/secrets.ts"
import { Variables } from "../../portable/import/variables.ts"
import { isExact } from "../../registry/version.ts"
import { actorOf } from "../actor.ts"
import { type Command, type Given, type Io, UsageError } from "../command.ts"
import { parseRef } from "../ref.ts"
import { StopSignals } from "../stop-signals.ts"
import { type Candidates, readCandidates } from "./candidates.ts"
import { conclude } from "./conclude.ts"
import { type Found, foundServers } from "./found.ts"
import { knownFiles } from "./known-files.ts"
import { configuredCandidates, type Named, nameCandidates } from "./names.ts"
import type { Proposal } from "./result.ts"
import { settle } from "./settle.ts"
import { readState, type State } from "./state.ts"
import { emptyRegistry } from "./texts.ts"
import { visitAll } from "./visits.ts"

export const importServers: Command = {
  name: "import",
  summary: "Register the servers you have, from files of MCP clients and from addresses",
  arguments: "[FILE|URL…]",
  options: {
    config: {
      type: "string",
      short: "c",
      value: "FILE",
      summary: "the configuration to write; otherwise POSTERN_CONFIG or postern.yaml",
    },
    registry: {
      type: "string",
      short: "r",
      value: "FILE",
      summary: "the registry to write; otherwise the configuration's, or registry.json beside it",
    },
    agent: {
      type: "string",
      short: "a",
      value: "NAME@VERSION",
      summary: "give the new tools to this agent, which is made if it is not there",
    },
    token: {
      type: "string",
      value: "VARIABLE",
      summary: "the environment variable that holds a bearer token for the addresses",
    },
    timeout: {
      type: "string",
      value: "SECONDS",
      summary: "how long each server may take to start and list its tools (default 60)",
    },
    prune: { type: "boolean", summary: "take out what servers do not list any more" },
    yes: { type: "boolean", short: "y", summary: "write changes of what is there without asking" },
    "dry-run": { type: "boolean", summary: "say what would change, and write nothing" },
    json: { type: "boolean", summary: "the result as one JSON object" },
  },
  details: `FILE holds servers as MCP clients write them: mcpServers (Claude, Cursor, Windsurf, …) or servers (VS Code), with comments
if need be. URL is a server over HTTP, NAME=URL one with a name of your choice. Without either, the servers of the
configuration are asked again.

Starts or calls each server, reads its tools, and writes the registry, the configuration and postern.lock.json, which pins
what was read. Secrets become \${NAME}; which to set is printed. What is new is written; what changes is shown first and
written with --yes, or after a yes on the terminal. What you wrote in tools and agents stays.

Exit code 1 when a server did not answer, a tool was left out or hides text, or a change was not written.`,
  async run(given, io) {
    const timeoutMs = timeoutOf(given)
    const agent = agentOf(given)
    const state = await readState(given, io)
    if (state === undefined) return 1
    const variables = new Variables()
    const { candidates, left } = candidatesOf(given, state, variables)
    const found = await ask(candidates, { state, timeoutMs, variables }, io)
    if (found === undefined) return 1
    const merging = {
      lock: state.lock.pins,
      found: found.servers.map(({ server }) => server),
      agent,
      prune: given.flag("prune"),
      approval: {
        by: actorOf(io) ?? "unknown",
        reason: "postern import",
        at: new Date().toISOString(),
      },
      pinning: state.pinning,
    }
    const propose = (isAccepted: boolean) =>
      settle(
        state.registry.text ?? emptyRegistry,
        state.registry.file,
        { ...merging, isAccepted },
        found.servers.flatMap(({ refused }) => refused),
      )
    const proposal: Proposal = { state, variables, left, found, propose }
    return conclude(proposal, given, io)
  },
}

interface Asking {
  readonly state: State
  readonly timeoutMs: number
  readonly variables: Variables
}

/** Every server's answer; undefined when somebody interrupted. */
async function ask(
  candidates: readonly Named[],
  { state, timeoutMs, variables }: Asking,
  io: Io,
): Promise<{ servers: readonly Found[]; outcomes: Proposal["found"]["outcomes"] } | undefined> {
  using signals = new StopSignals()
  const stop = new AbortController()
  void signals.stopped.then(() => stop.abort())
  const known = variables.all.flatMap(({ name, value }) =>
    value === undefined ? [] : [[name, value] as const],
  )
  const journey = {
    file: state.config.file,
    env: { ...io.env, ...Object.fromEntries(known) },
    secrets: [...known.map(([, value]) => value), ...secretsReferredTo(candidates, io)],
    timeoutMs,
    signal: stop.signal,
  }
  const results = await visitAll(candidates, journey, io)
  if (stop.signal.aborted) {
    io.err.write("interrupted: nothing was written\n")
    return
  }
  const outcomes = candidates.flatMap((candidate, index) => {
    const outcome = results[index]
    return outcome === undefined ? [] : [{ candidate, outcome }]
  })
  const answered = outcomes.flatMap(({ candidate, outcome }) =>
    outcome.ok ? [[candidate, outcome] as const] : [],
  )
  return { servers: foundServers(answered, journey.secrets), outcomes }
}

/** What the environment has for references in entries, where it is a secret: a server may say it again. */
function secretsReferredTo(candidates: readonly Named[], { env }: Io): readonly string[] {
  const entries = JSON.stringify(candidates.map(({ entry }) => entry))
  return [...entries.matchAll(/\$\{(\w+)/g)].flatMap(([, name = ""]) => {
    const value = env[name] ?? ""
    return isSecret(name, value) ? [value] : []
  })
}

function candidatesOf(
  given: Given,
  state: State,
  variables: Variables,
): { candidates: readonly Named[]; left: Candidates["left"] } {
  if (given.arguments.length === 0) {
    const candidates = configuredCandidates(state)
    if (candidates.length > 0) return { candidates, left: [] }
    const there = knownFiles().map((path) => JSON.stringify(path))
    const such = there.length > 0 ? `; there is ${there.join(", ")}` : ", such as .mcp.json"
    throw new UsageError(`name the address of a server, or a file of an MCP client${such}`)
  }
  const folder = dirname(resolve(state.config.file))
  const read = readCandidates(given.arguments, { variables, folder, token: given.text("token") })
  return { candidates: nameCandidates(read.servers, state), left: read.left }
}

/** An hour. */
const timeoutMaxS = 3_600

function timeoutOf(given: Given): number {
  const seconds = Number(given.text("timeout") ?? 60)
  if (!(seconds > 0 && seconds <= timeoutMaxS))
    throw new UsageError(`--timeout: seconds, more than 0 and at most ${timeoutMaxS}`)
  return seconds * 1_000
}

/** Who gets the tools of a registry without agents, until somebody says more. */
const skeleton = "my-agent@1.0.0"

function agentOf(given: Given) {
  const named = given.text("agent")
  const ref = parseRef(named ?? skeleton)
  if (ref.version === undefined || !isExact(ref.version))
    throw new UsageError("--agent: NAME@VERSION with an exact version, such as my-agent@1.0.0")
  return { ref, isNamed: named !== undefined }
}
