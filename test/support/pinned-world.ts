import { run } from "../../src/cli/cli.ts"
import type { ExitCode } from "../../src/cli/command.ts"
import { isObject, type JsonObject } from "../../src/schema/json.ts"
import type { TestGateway } from "./e2e-gateway.ts"
import { until } from "./e2e-process.ts"

export interface Said {
  readonly code: ExitCode
  readonly out: string
  readonly err: string
}

/** A command in this process, to its end. */
export async function command(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Said> {
  let out = ""
  let err = ""
  const code = await run(args, {
    out: { write: (text) => (out += text) },
    err: { write: (text) => (err += text) },
    env,
  })
  return { code, out, err }
}

/** What `/status` says of pins. */
export interface PinsStatus {
  readonly lock: { readonly loadedAt: string | null; readonly problems: readonly JsonObject[] }
  readonly counts: Readonly<Record<string, number>>
  readonly unregistered: number
  readonly drifting: readonly (JsonObject & { readonly tool: string; readonly state: string })[]
  readonly servers: readonly JsonObject[]
  readonly unpinned: readonly JsonObject[]
}

export const pinsOf = async (gateway: Pick<TestGateway, "status">): Promise<PinsStatus> =>
  (await gateway.status())["pins"] as object as PinsStatus // checked by what the tests expect of it

/** Waits until this many tools stand so; the others do not count. */
export const standing = (
  gateway: Pick<TestGateway, "status">,
  counts: Readonly<Record<string, number>>,
): Promise<PinsStatus> =>
  until(async () => {
    const pins = await pinsOf(gateway)
    for (const [state, count] of Object.entries(counts))
      if (pins.counts[state] !== count) throw new Error(`not yet: ${JSON.stringify(pins.counts)}`)
    return pins
  })

/** The records of drift, of one tool or of a server's own words. */
export const drifts = (gateway: Pick<TestGateway, "audit">, tool?: string): JsonObject[] =>
  gateway
    .audit()
    .filter(({ kind }) => kind === "drift")
    .filter(({ target }) => (isObject(target) ? target["name"] : undefined) === tool)
