import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished } from "vitest"
import { GoodCopy } from "../../src/store/http/copy.ts"
import {
  HttpSource,
  type HttpSourceOptions,
  type SourceEvent,
} from "../../src/store/http/http-source.ts"
import { type RegistryServer, type ServeOptions, serveRegistry } from "./registry-server.ts"

export const bytesMax = 10_000

export interface Wanted extends Partial<Omit<HttpSourceOptions, "limits" | "copy" | "url">> {
  readonly limits?: Partial<HttpSourceOptions["limits"]>
  readonly copyFile?: string
  readonly query?: string
}

export interface World {
  readonly server: RegistryServer
  readonly source: HttpSource
  readonly copyFile: string
  readonly events: SourceEvent[]
  /** What the source says that it is time for. */
  readonly changes: string[]
}

export async function world(
  document: string,
  wanted: Wanted = {},
  how: ServeOptions = {},
): Promise<World> {
  const server = await serve(document, how)
  return open(server, wanted)
}

function open(server: RegistryServer, { query = "", limits, copyFile, ...wanted }: Wanted): World {
  const file = copyFile ?? join(temporary(), "copies/copy")
  const events: SourceEvent[] = []
  const url = server.url + query
  const source = new HttpSource({
    url,
    tls: {},
    refreshMs: 3_600_000,
    events: false,
    acceptOlder: false,
    proof: undefined,
    signature: undefined,
    copy: new GoodCopy(file, url, bytesMax),
    tell: (event) => void events.push(event),
    ...wanted,
    limits: {
      fetchMs: 10_000,
      documentBytesMax: bytesMax,
      retryMaxMs: 3_600_000,
      eventsIdleMs: 60_000,
      ...limits,
    },
  })
  onTestFinished(() => source.close())
  return { server, source, copyFile: file, events, changes: [] }
}

/** Another process with the same source and the same file. */
export const again = ({ copyFile, server }: World): World => open(server, { copyFile })

export async function serve(document: string, how: ServeOptions = {}): Promise<RegistryServer> {
  const server = await serveRegistry(document, how)
  onTestFinished(() => server.close())
  return server
}

export async function kept({ copyFile, source }: World): Promise<void> {
  keep(source, await source.read())
  await expect.poll(() => existsSync(copyFile)).toBe(true)
}

export function keep(source: HttpSource, document: Awaited<ReturnType<HttpSource["read"]>>): void {
  if (document === undefined) throw new Error("there is no document to keep")
  source.keep(document)
}

export function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "postern-http-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
