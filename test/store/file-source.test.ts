import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, onTestFinished, test } from "vitest"
import { fileSource } from "../../src/store/file-source.ts"

describe("a document in a file", () => {
  test("is read as text, without a byte order mark", async () => {
    const file = written("\uFEFF{}")
    expect(await source(file).read()).toMatchObject({ text: "{}", provenance: { file } })
  })

  test.each([
    ["is not there", (file: string) => rmSync(file), "ENOENT"],
    ["is a folder", turnedIntoFolder, "is not a file"],
    [
      "is too large",
      (file: string) => writeFileSync(file, "x".repeat(1025)),
      "1025 bytes; at most",
    ],
    ["is not UTF-8", (file: string) => writeFileSync(file, Buffer.from([0x7b, 0xff])), "not UTF-8"],
  ])("says why it cannot be read when it %s", async (_, change, reason) => {
    const file = written("{}")
    change(file)
    await expect(source(file).read()).rejects.toThrow(reason)
  })

  test("tells when it is written in place, and once for a burst", async () => {
    const file = written("{}")
    const { count } = await watched(file)
    for (let index = 0; index < 20; index++) appendFileSync(file, " ")
    await expect.poll(count).toBe(1)
    writeFileSync(file, "[]")
    await expect.poll(count).toBe(2)
  })

  test("tells when it is replaced, again and again", async () => {
    const file = written("0")
    const { count } = await watched(file)
    for (let round = 1; round <= 3; round++) {
      writeFileSync(`${file}.next`, `${round}`)
      renameSync(`${file}.next`, file)
      await expect.poll(count).toBe(round)
    }
  })

  test("tells when the link to it is moved, as Kubernetes does with ConfigMaps", async () => {
    const folder = temporary()
    const publish = (revision: string) => {
      mkdirSync(join(folder, revision))
      writeFileSync(join(folder, revision, "registry.json"), revision)
      symlinkSync(revision, join(folder, "..data_tmp"))
      renameSync(join(folder, "..data_tmp"), join(folder, "..data"))
    }
    publish("..2026_1")
    symlinkSync("..data/registry.json", join(folder, "registry.json"))
    const { count, read } = await watched(join(folder, "registry.json"))
    for (let round = 1; round <= 3; round++) {
      publish(`..2026_${round + 1}`)
      await expect.poll(count).toBe(round)
      expect((await read()).text).toBe(`..2026_${round + 1}`)
    }
  })

  test("tells when a folder further up is exchanged, which sends no sign", async () => {
    const folder = temporary()
    for (const release of ["one", "two"]) {
      mkdirSync(join(folder, release))
      writeFileSync(join(folder, release, "registry.json"), release)
    }
    symlinkSync("one", join(folder, "current"))
    const { count, read } = await watched(join(folder, "current/registry.json"))
    symlinkSync("two", join(folder, "next"))
    renameSync(join(folder, "next"), join(folder, "current"))
    await expect.poll(count).toBe(1)
    expect((await read()).text).toBe("two")
    writeFileSync(join(folder, "two/registry.json"), "three") // the watch moved along
    await expect.poll(count).toBe(2)
  })

  test("tells when it goes and when it comes back, with its whole folder", async () => {
    const folder = join(temporary(), "config")
    mkdirSync(folder)
    const file = join(folder, "registry.json")
    writeFileSync(file, "1")
    const { count, read } = await watched(file)
    rmSync(folder, { recursive: true })
    await expect.poll(count).toBe(1)
    await expect(read()).rejects.toThrow("ENOENT")
    mkdirSync(folder)
    writeFileSync(file, "2")
    await expect.poll(count).toBe(2)
    writeFileSync(file, "3!")
    await expect.poll(count).toBe(3)
  })

  test("does not tell of other files in its folder, however often they are written", async () => {
    const file = written("{}")
    const { count } = await watched(file)
    for (let index = 0; index < 50; index++) {
      appendFileSync(`${file}.audit`, "line\n")
      await new Promise((resume) => setImmediate(resume))
    }
    writeFileSync(file, "[1]")
    await expect.poll(count).toBe(1)
  })

  test("is told of although it never comes to rest", async () => {
    const file = written("{}")
    const { count } = await watched(file)
    const writer = setInterval(() => appendFileSync(file, " "), 2)
    onTestFinished(() => clearInterval(writer))
    await expect.poll(count).toBeGreaterThan(0)
  })

  test("is not told of after the watch was closed", async () => {
    const file = written("{}")
    const { count, close } = await watched(file)
    const other = await watched(file)
    close()
    writeFileSync(file, "[]")
    await expect.poll(other.count).toBe(1)
    expect(count()).toBe(0)
  })
})

const source = (file: string) => fileSource(file, { bytesMax: 1024, settleMs: 20, pollMs: 50 })

function turnedIntoFolder(file: string): void {
  rmSync(file)
  mkdirSync(file)
}

async function watched(file: string) {
  let changes = 0
  const document = source(file)
  const watch = await document.watch(() => changes++)
  onTestFinished(() => watch.close())
  return { count: () => changes, read: () => document.read(), close: () => watch.close() }
}

function written(text: string): string {
  const file = join(temporary(), "registry.json")
  writeFileSync(file, text)
  return file
}

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "source-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
