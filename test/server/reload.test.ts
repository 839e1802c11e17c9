import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { loadPlanned } from "../../src/compose/load.ts"
import { defaultPlanLimits } from "../../src/compose/plan/limits.ts"
import type { Catalog } from "../../src/registry/catalog.ts"
import { authoring } from "../../src/registry/draft.ts"
import { defaultLoadLimits } from "../../src/registry/limits.ts"
import { Registry, type ReloadOptions } from "../../src/server/reload.ts"
import { inSlices } from "../../src/server/slices.ts"
import { fileSource } from "../../src/store/file-source.ts"
import { defaultProgramLimits } from "../../src/store/program/limits.ts"
import { programSource } from "../../src/store/program/program-source.ts"
import { type ReadDocument, SourceAway } from "../../src/store/source.ts"

const document = (...servers: string[]) =>
  JSON.stringify({
    schemaVersion: "2.0",
    servers: servers.map((name) => ({ name, version: "1.0.0", provides: [{ tool: name }] })),
    tools: servers.map((name) => ({
      name,
      version: "1.0.0",
      source: { server: name, serverVersion: "1.0.0", tool: name },
    })),
  })

describe("the registry of a source that keeps what was good", () => {
  test.each([
    ["is not sound", async () => read("{"), "json_syntax"],
    ["may not be used", () => Promise.reject(new RangeError("huge")), "document_too_large"],
  ])(
    "goes back to that at a start where the document %s, and goes on saying so",
    async (_, now, code) => {
      const { kept, registry } = keeping(now, async () => read(document("a")))
      expect(await registry.start()).toMatchObject({
        generation: 1,
        refusals: 1,
        lastError: { problems: [{ code }] },
      })
      expect(kept).toEqual([document("a")])
      await registry.reload()
      expect(registry.state()).toMatchObject({ refusals: 1 }) // it is the same, and was told of
    },
  )

  test("goes back to that, with nothing against it, where the source is away", async () => {
    const { kept, registry } = keeping(gone, async () => read(document("a")))
    expect(await registry.start()).toMatchObject({
      generation: 1,
      refusals: 0,
      lastError: undefined,
    })
    expect(kept).toEqual([document("a")])
  })

  test("says what is wrong with both when neither will do", async () => {
    const { registry } = keeping(gone, async () => read("{"))
    const { lastError } = await registry.start()
    expect(lastError?.problems.map(({ code }) => code)).toEqual([
      "registry_source_away",
      "json_syntax",
    ])
  })

  test("goes on as it is when the source says that nothing changed, and recovers by that", async () => {
    let now: () => Promise<ReadDocument | undefined> = async () => read(document("a"))
    const { registry } = keeping(() => now())
    await registry.start()
    now = async () => read("{")
    await registry.reload()
    expect(registry.state()).toMatchObject({ generation: 1, lastError: { problems: [{}] } })
    now = async () => undefined
    await registry.reload()
    expect(registry.state()).toMatchObject({ generation: 1, lastError: undefined })
  })

  test("waits for its source as long as it is told, or until it is stopped", async () => {
    let now: () => Promise<ReadDocument | undefined> = gone
    const { registry } = keeping(() => now())
    const stop = new AbortController()
    const started = registry.start({ waitMs: 600_000, signal: stop.signal })
    await registry.reload()
    now = async () => read(document("a"))
    await registry.reload()
    expect(await started).toMatchObject({ generation: 1 })
    const stopped = keeping(gone).registry.start({ waitMs: 600_000, signal: stop.signal })
    stop.abort()
    expect(await stopped).toMatchObject({ generation: 0 })
  })
})

const read = (text: string): ReadDocument => ({ text, provenance: { file: "https://a.example/r" } })
const gone = () =>
  Promise.reject(new SourceAway("nobody is there", { file: "https://a.example/r" }))

/** A registry whose source has what `now` says, and kept what `before` says. */
function keeping(
  now: () => Promise<ReadDocument | undefined>,
  before: () => Promise<ReadDocument | undefined> = async () => undefined,
) {
  const kept: string[] = []
  const registry = new Registry({
    source: {
      file: "https://a.example/r",
      read: now,
      watch: async () => ({ close: () => undefined }),
      keep: ({ text }) => void kept.push(text),
      lastGood: before,
    },
    load: loaded,
    sliceMs: 10,
    now: () => 1,
    onAccepted: () => undefined,
    onRefused: () => undefined,
    onBug: (error) => {
      throw error
    },
  })
  onTestFinished(() => registry.close())
  return { kept, registry }
}

describe("the registry in use", () => {
  test("is what the file holds at the start and after each change", async () => {
    const { file, registry, events, servers } = world(document("a"))
    expect(await registry.start()).toMatchObject({ generation: 1, loadedAtMs: 1, refusals: 0 })
    expect(servers()).toEqual(["a"])
    writeFileSync(file, document("a", "b"))
    await expect.poll(servers).toEqual(["a", "b"])
    expect(registry.state()).toMatchObject({ generation: 2, lastError: undefined })
    expect(events).toEqual(["accepted 1", "accepted 2"])
  })

  test("stays as it was when the file is not sound, and recovers with it", async () => {
    const { file, registry, events, servers } = world(document("a"))
    await registry.start()
    writeFileSync(file, document("a", "b").slice(0, -9))
    await expect.poll(() => events).toEqual(["accepted 1", "refused json_syntax"])
    expect(servers()).toEqual(["a"])
    expect(registry.state()).toMatchObject({
      generation: 1,
      refusals: 1,
      lastError: { problems: [{ code: "json_syntax", severity: "error" }] },
    })
    writeFileSync(file, document("a"))
    await expect.poll(() => events.at(-1)).toBe("recovered 1")
    expect(registry.state()).toMatchObject({ generation: 1, lastError: undefined })
    writeFileSync(file, document("c"))
    await expect.poll(servers).toEqual(["c"])
  })

  test("stays as it was while the file is away, and says so once", async () => {
    const { file, registry, events } = world(document("a"))
    await registry.start()
    rmSync(file)
    await expect.poll(() => events).toEqual(["accepted 1", "refused document_unreadable"])
    await registry.reload()
    await registry.reload()
    expect(events).toHaveLength(2)
    expect(registry.state().lastError?.problems[0]?.message).toContain("ENOENT")
  })

  test("is not loaded again for the same text", async () => {
    const { file, registry, events, loads } = world(document("a"))
    await registry.start()
    writeFileSync(file, document("a"))
    await registry.reload()
    expect([events, loads()]).toEqual([["accepted 1"], 1])
    writeFileSync(file, "{")
    await registry.reload()
    await registry.reload()
    expect([events.length, loads()]).toEqual([2, 2])
  })

  test("is too large when it is over the limit", async () => {
    const { file, registry, events } = world(document("a"))
    await registry.start()
    writeFileSync(file, " ".repeat(100_001))
    await registry.reload()
    expect(events.at(-1)).toBe("refused document_too_large")
  })

  test("is there at no time when the first document is not sound", async () => {
    const { registry, events, servers } = world("[]")
    expect(await registry.start()).toMatchObject({ generation: 0, refusals: 1 })
    expect([events, servers()]).toEqual([["refused document_not_object"], undefined])
  })

  test("is loaded once for many changes at a time, and then as the last one left it", async () => {
    const { file, registry, servers, loads } = world(document("a"))
    await registry.start()
    const reloads = ["b", "c", "d"].map((name) => {
      writeFileSync(file, document(name))
      return registry.reload()
    })
    await Promise.all(reloads)
    expect(servers()).toEqual(["d"])
    expect(loads()).toBeLessThanOrEqual(3)
  })

  test("stays as it was when loading has a bug, which is told", async () => {
    const bug = new Error("a bug")
    const { file, registry, servers, bugs } = world(document("a"), {
      load: function* (read) {
        if (read.text.includes("bug")) throw bug
        return yield* loaded(read)
      },
    })
    await registry.start()
    writeFileSync(file, document("bug"))
    await registry.reload()
    expect([servers(), bugs]).toEqual([["a"], [bug]])
    expect(registry.state()).toMatchObject({ generation: 1, bug: { message: "a bug" } })
    writeFileSync(file, document("c"))
    await registry.reload()
    expect(servers()).toEqual(["c"])
    expect(registry.state().bug).toBeUndefined()
  })

  test("is what a program makes, after each change of one of its files, and stays when it fails", async () => {
    const { folder, registry, events, servers } = program({ "names.ts": names("a") })
    await registry.start()
    expect(servers()).toEqual(["a"])
    writeFileSync(join(folder, "names.ts"), names("a", "b"))
    await expect.poll(servers, { timeout: 10_000 }).toEqual(["a", "b"])
    writeFileSync(join(folder, "names.ts"), `${names("a")}\nthrow new Error("not today")`)
    await expect.poll(() => events.at(-1), { timeout: 10_000 }).toBe("refused program_failed")
    expect(servers()).toEqual(["a", "b"])
    expect(registry.state().lastError?.problems).toMatchObject([
      { file: join(folder, "names.ts"), line: 2, column: 7 },
    ])
    writeFileSync(join(folder, "names.ts"), names("a", "b"))
    await expect.poll(() => events.at(-1), { timeout: 10_000 }).toBe("recovered 2")
  })

  test("does not wait for a program when it is closed", async () => {
    const { registry, events } = program({
      "names.ts": "await new Promise(() => setInterval(() => {}, 1000))",
    })
    const starting = registry.start()
    await registry.close()
    await starting
    expect(events).toEqual([])
  })

  test("does not change after it was closed, also in the middle of loading", async () => {
    const { file, registry, events, bugs, loads } = world(document("a"), {
      load: function* (read) {
        for (let slice = 0; slice < 1_000_000; slice++) yield
        return yield* loaded(read)
      },
      sliceMs: 0,
    })
    const starting = registry.start()
    await expect.poll(loads).toBe(1)
    await registry.close()
    await starting
    writeFileSync(file, document("b"))
    await registry.reload()
    expect([events, bugs]).toEqual([[], []])
  })
})

describe("work in slices", () => {
  function* counting(to: number): Generator<void, number, void> {
    for (let index = 0; index < to; index++) yield
    return to
  }

  test("gives the result, and others their turn in between", async () => {
    let turns = 0
    const others = setInterval(() => turns++, 0)
    const result = await inSlices(counting(2_000), { sliceMs: 0 })
    clearInterval(others)
    expect(result).toBe(2_000)
    expect(turns).toBeGreaterThan(0)
  })

  test("ends with what was thrown, or with the reason of an abort", async () => {
    const broken = (function* (): Generator<void, void, void> {
      yield
      throw new Error("broken")
    })()
    await expect(inSlices(broken, { sliceMs: 0 })).rejects.toThrow("broken")
    const signal = AbortSignal.abort(new Error("enough"))
    await expect(inSlices(counting(9), { sliceMs: 0, signal })).rejects.toThrow("enough")
  })
})

const loaded = ({ text, provenance }: ReadDocument) =>
  loadPlanned(text, {
    ...provenance,
    knobs: authoring,
    limits: defaultLoadLimits,
    plans: defaultPlanLimits,
  })

const names = (...list: readonly string[]) => `export const names = ${JSON.stringify(list)}`

/** A registry over a real program in several files. */
function program(files: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), "reload-program-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, "registry.ts")
  writeFileSync(
    file,
    `import { registry, server, tool } from "postern"
     import { names } from "./names.ts"
     const tools = names.map((name: string) => {
       const own = server(name, "1.0.0", { provides: [{ tool: name }] })
       return tool(name, "1.0.0", { source: own.tool(name) })
     })
     export default registry({ tools })`,
  )
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return { folder, ...world("", { source: programSource(file, defaultProgramLimits) }) }
}

/** A registry over a real file, and what it told. */
function world(text: string, options: Partial<ReloadOptions> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "reload-"))
  const file = join(folder, "registry.json")
  writeFileSync(file, text)
  const events: string[] = []
  const bugs: unknown[] = []
  let loads = 0
  let catalog: Catalog | undefined
  const load = options.load ?? loaded
  const registry = new Registry({
    source: fileSource(file, { bytesMax: 100_000, settleMs: 20, pollMs: 50 }),
    sliceMs: 10,
    now: () => 1,
    onAccepted: (accepted, { generation }) => {
      catalog = accepted.catalog
      events.push(`accepted ${generation}`)
    },
    onRefused: ([problem]) => events.push(`refused ${problem?.code}`),
    onRecovered: ({ generation }) => events.push(`recovered ${generation}`),
    onBug: (error) => bugs.push(error),
    ...options,
    load: (content) => {
      loads++
      return load(content)
    },
  })
  onTestFinished(async () => {
    await registry.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const servers = () => catalog?.servers.map(({ name }) => name)
  return { file, registry, events, bugs, servers, loads: () => loads }
}
