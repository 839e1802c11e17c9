import {
  type ConformanceFixture,
  type Eras,
  fixtureTools,
  openFixture,
} from "./conformance-fixture.ts"
import { type Revision, runSuite, type SuiteResult } from "./conformance-suite.ts"
import { taskTools } from "./conformance-task-tools.ts"
import { openTasksFixture } from "./conformance-tasks.ts"
import type { ToolDefinition } from "./conformance-tools.ts"
import { startGateway, type TestGateway } from "./e2e-gateway.ts"
import type { RegistrySketch } from "./e2e-registry.ts"

/** The gateway as a process, in front of both fixtures; whoever comes may use all their tools. */
export interface ConformanceGateway extends AsyncDisposable {
  readonly gateway: TestGateway
  readonly fixture: ConformanceFixture
}

export async function openConformanceGateway(eras: Eras = "dual"): Promise<ConformanceGateway> {
  await using opened = new AsyncDisposableStack()
  const fixture = opened.use(await openFixture(eras))
  const tasks = opened.use(await openTasksFixture())
  const gateway = opened.use(
    await startGateway({
      registry: conformanceRegistry,
      servers: { "conformance:1.0.0": { url: fixture.url }, "tasks:1.0.0": { url: tasks.url } },
      config: {
        registry: {
          source: "file://./registry.json",
          validation: { runtime: { unknownCaller: "allow" } },
        },
        identity: { minTrust: "anonymous" }, // the suite says nowhere who it is
      },
    }),
  )
  const kept = opened.move()
  return { gateway, fixture, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** Every tool of both fixtures under its own name. */
const conformanceRegistry: RegistrySketch = {
  tools: Object.fromEntries([
    ...fixtureTools.map((tool) => registered("conformance", tool)),
    ...taskTools.map((tool) => registered("tasks", tool)),
  ]),
  agents: {},
}

function registered(server: string, { name, description, inputSchema }: ToolDefinition) {
  return [name, { server, description, inputSchema }] as const
}

/** What the official suite says of a gateway in front of its fixture. */
export async function runThroughGateway(
  revision: Revision,
  eras: Eras = "dual",
): Promise<SuiteResult> {
  await using opened = await openConformanceGateway(eras)
  return await runSuite(opened.gateway.url, revision)
}
