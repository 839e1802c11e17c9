import { createHash } from "node:crypto"
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { GoodCopy } from "../../../src/store/http/copy.ts"
import { SourceAway } from "../../../src/store/source.ts"
import { again, bytesMax, keep, kept, temporary, world } from "../../support/http-source.ts"

describe("the copy of the last good document", () => {
  test("is written when a document was found good, for its owner only, and names no address", async () => {
    const { copyFile, source } = await world('{"a":1}', { query: "?sig=hush-hush" })
    const document = await source.read()
    expect(existsSync(copyFile)).toBe(false)
    keep(source, document)
    await expect.poll(() => existsSync(copyFile)).toBe(true)
    expect(statSync(copyFile).mode & 0o777).toBe(0o600)
    const text = readFileSync(copyFile, "utf8")
    expect(text.endsWith('\n{"a":1}')).toBe(true)
    expect(text).not.toContain("hush")
  })

  test("is what a next process has while the source is away, with its age, and until it is confirmed", async () => {
    const first = await world('{"a":1}')
    await kept(first)
    const second = again(first)
    first.server.state.act = (_, response) => response.destroy()
    await expect(second.source.read()).rejects.toThrow(SourceAway)
    const document = await second.source.lastGood()
    expect(document).toMatchObject({ text: '{"a":1}', provenance: { file: first.server.url } })
    keep(second.source, document)
    expect(second.source.state()).toMatchObject({ isFromCopy: true })
    expect(second.events).toMatchObject([{ kind: "away" }, { kind: "copy_used" }])
    first.server.state.act = undefined
    expect(await second.source.read()).toBeUndefined()
    expect(second.source.state()).toMatchObject({ isFromCopy: false, away: undefined })
  })

  test("saves the next process a download, and is then as good as new", async () => {
    const first = await world('{"a":1}')
    await kept(first)
    const { source } = again(first)
    const document = await source.read()
    expect(document).toMatchObject({ text: '{"a":1}' })
    keep(source, document)
    expect(source.state()).toMatchObject({ isFromCopy: false })
    expect(first.server.requests.at(-1)?.headers).toHaveProperty("if-none-match")
  })

  test("keeps an older document out after a restart, too", async () => {
    const first = await world("{}")
    first.server.state.lastModified = new Date("2026-11-02T00:00:00Z")
    await kept(first)
    const second = again(first)
    first.server.state.lastModified = new Date("2026-11-01T00:00:00Z")
    first.server.state.document = "[]"
    await expect(second.source.read()).rejects.toMatchObject({
      problem: { code: "registry_document_older" },
    })
    expect(await second.source.lastGood()).toMatchObject({ text: "{}" })
  })

  test("sends what proves the gateway nowhere else, whatever somebody wrote into it", async () => {
    const first = await world("{}")
    first.server.state.headers = { link: '</events>; rel="monitor"' }
    await kept(first)
    const [, ...rest] = readFileSync(first.copyFile, "utf8").split("\n")
    const forged = rest.join("\n").replace("http://127.0.0.1", "http://127.0.0.2")
    const digest = createHash("sha256").update(forged).digest("hex")
    writeFileSync(first.copyFile, `postern-registry-copy 1 sha256:${digest}\n${forged}`)
    await expect(again(first).source.lastGood()).rejects.toThrow("at another origin")
  })

  test.each<[string, (file: string) => void, string]>([
    ["was cut short", (file) => writeFileSync(file, readFileSync(file).subarray(0, -1)), "damaged"],
    ["was changed", (file) => edit(file, '{"a":1}', '{"a":2}'), "damaged"],
    ["lost its head", (file) => edit(file, "postern-registry-copy 1", "copy 9"), "not a copy"],
    ["is a document alone", (file) => writeFileSync(file, '{"a":1}'), "not a copy"],
    ["is empty", (file) => writeFileSync(file, ""), "not a copy"],
    ["is too large", (file) => writeFileSync(file, Buffer.alloc(bytesMax + 100_000)), "bytes"],
    ["is everybody's to write", (file) => chmodSync(file, 0o666), "everybody may write it"],
  ])("is not used when it %s, and told of", async (_, spoil, words) => {
    const first = await world('{"a":1}')
    await kept(first)
    spoil(first.copyFile)
    const { events, source } = again(first)
    first.server.state.act = (_, response) => response.destroy()
    await expect(source.read()).rejects.toThrow(SourceAway)
    await expect(source.lastGood()).rejects.toMatchObject({
      problem: { code: "registry_copy_unusable", message: expect.stringContaining(words) },
    })
    expect(events[0]).toMatchObject({
      kind: "copy_unusable",
      reason: expect.stringContaining(words),
    })
    first.server.state.act = undefined
    keep(source, await source.read()) // the source alone will do, and what it has is kept again
    await expect.poll(() => source.state().copy?.problem).toBeUndefined()
    expect(await again(first).source.lastGood()).toMatchObject({ text: '{"a":1}' })
  })

  test("of another source is not used", async () => {
    const first = await world("{}")
    await kept(first)
    const { source } = await world("{}", { copyFile: first.copyFile })
    await expect(source.lastGood()).rejects.toThrow("of another source")
  })

  test("is none where none was written", async () => {
    const { source } = await world("{}")
    expect(await source.lastGood()).toBeUndefined()
  })

  test("that cannot be written changes nothing else, is told of once, and is written later", async () => {
    const folder = temporary()
    writeFileSync(join(folder, "in-the-way"), "")
    const { events, server, source } = await world("{}", {
      copyFile: join(folder, "in-the-way/copy"),
    })
    keep(source, await source.read())
    const kinds = () => events.map(({ kind }) => kind)
    await expect.poll(kinds).toEqual(["copy_unusable", "copy_unwritten"])
    expect(await source.read()).toBeUndefined()
    await expect.poll(() => server.requests.length).toBe(2)
    expect(source.state().copy?.problem).toMatch(/EEXIST|ENOTDIR/)
    rmSync(join(folder, "in-the-way"))
    expect(await source.read()).toBeUndefined()
    await expect.poll(() => existsSync(join(folder, "in-the-way/copy"))).toBe(true)
    expect(kinds()).toEqual(["copy_unusable", "copy_unwritten"])
    expect(server.requests).toHaveLength(3)
  })

  test("that was removed is written again", async () => {
    const first = await world("{}")
    await kept(first)
    rmSync(first.copyFile)
    await first.source.read()
    await expect.poll(() => first.source.state().copy?.problem).toContain("ENOENT")
    keep(first.source, await first.source.read())
    await expect.poll(() => existsSync(first.copyFile)).toBe(true)
  })

  test("is never half written, whoever shares it", async () => {
    const first = await world("{}")
    const lastModified = (day: number) => ({ lastModified: new Date(Date.UTC(2026, 10, day)) })
    const sources = [first, again(first), again(first)]
    for (const day of [1, 2, 3]) {
      Object.assign(first.server.state, { document: JSON.stringify({ day }), ...lastModified(day) })
      await Promise.all(sources.map(async ({ source }) => keep(source, await source.read())))
      const copy = new GoodCopy(first.copyFile, first.server.url, bytesMax)
      await expect.poll(async () => String((await copy.read())?.bytes)).toBe(`{"day":${day}}`)
    }
    expect(readdirSync(join(first.copyFile, ".."))).toEqual(["copy"])
  })
})

test("a gateway that is behind does not put an older document into a copy that others share", async () => {
  const first = await world("{}")
  const late = again(first)
  expect(await late.source.lastGood()).toBeUndefined() // it began before there was a copy
  first.server.state.lastModified = new Date("2026-11-02T00:00:00Z")
  await kept(first)
  Object.assign(first.server.state, {
    document: "[]",
    lastModified: new Date("2026-11-01T00:00:00Z"),
  })
  keep(late.source, await late.source.read())
  expect(await late.source.read()).toBeUndefined() // its turn to write has come
  expect(await again(first).source.lastGood()).toMatchObject({ text: "{}" })
})

const edit = (file: string, from: string, to: string) =>
  writeFileSync(file, readFileSync(file, "utf8").replace(from, to))
