import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { promisify } from "node:util"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import { readAudit } from "../../src/server/audit/read.ts"
import { audited, auditFile, writtenFile } from "../support/audit.ts"
import { begin, callRecord } from "../support/audit-records.ts"

const records = (file: string) =>
  readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))

describe("the audit", () => {
  test("has each record in the file when write returns, chained to the one before", async () => {
    const file = auditFile()
    const { audit } = audited(file)
    expect(audit.write(callRecord("a"))).toBe(true)
    expect(records(file).map(({ id }) => id)).toEqual(["a"])
    expect(audit.write(callRecord("b"))).toBe(true)
    const verified = await readAudit([file], { expect: audit.head().hash })
    expect(verified).toEqual({ records: 2, head: audit.head(), findings: [], openBegins: [] })
    expect(audit.state()).toMatchObject({ records: 2, lost: 0, trouble: undefined })
  })

  test("goes on where the process before ended, without a word when nothing is amiss", async () => {
    const file = writtenFile(3)
    const { audit } = audited(file)
    audit.write(callRecord("d"))
    expect(records(file).map(({ seq, kind }) => [seq, kind])).toEqual([
      [1, "call"],
      [2, "call"],
      [3, "call"],
      [4, "call"],
    ])
    expect((await readAudit([file])).findings).toEqual([])
  })

  test("is readable by its owner alone, also where the file was there before", () => {
    const file = auditFile()
    writeFileSync(file, "", { mode: 0o644 })
    audited(file)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test("cuts off half a line, says so, and tells which calls were in flight, once", async () => {
    const file = writtenFile(2, [begin("x"), begin("y"), callRecord("y")])
    appendFileSync(file, '{"seq":6,"prev":"')
    audited(file).audit.close()
    const [recovered, ...others] = records(file).slice(5)
    expect(recovered).toMatchObject({
      seq: 6,
      kind: "recovered",
      note: { droppedBytes: 17, openBeginCount: 1, openBegins: ["x"] },
    })
    expect(others).toEqual([])
    audited(file).audit.close()
    expect(records(file)).toHaveLength(6)
    expect(await readAudit([file])).toMatchObject({ findings: [], openBegins: [{ id: "x" }] })
  })

  test("does not append to a file that does not end like an audit", () => {
    const file = auditFile()
    writeFileSync(file, "somebody else's notes\n")
    expect(() => audited(file)).toThrow(`audit.file: ${file} cannot be used: its last line is no`)
    expect(readFileSync(file, "utf8")).toBe("somebody else's notes\n")
  })

  test("says so where its folder cannot be made, as in /proc", () => {
    const file = "/proc/no-such-folder/below/audit.jsonl"
    expect(() => audited(file)).toThrow(`audit.file: ${file} cannot be used: E`)
  })

  test("belongs to one process at a time, and is free when that one was killed", async () => {
    const file = auditFile()
    const child = await startedChild(file)
    expect(() => audited(file)).toThrow("in use by another process")
    await killed(child)
    expect(audited(file).audit.write(callRecord("mine"))).toBe(true)
    expect(() => audited(file)).toThrow("in use by another process")
  })

  test("marks a checkpoint every 1,000 records", async () => {
    const file = auditFile()
    const { audit, checkpoints } = audited(file, { sync: "none" })
    for (let index = 0; index < 2_500; index++) audit.write(callRecord(`${index}`))
    expect(checkpoints).toEqual([1_001, 2_002])
    expect(await readAudit([file])).toMatchObject({ records: 2_502, findings: [] })
  })

  test("forces records to disk in batches", async () => {
    const { audit } = audited(auditFile())
    for (let index = 0; index < 300; index++) audit.write(callRecord(`${index}`))
    expect(audit.state().unsynced).toBe(300)
    await expect.poll(() => audit.state().unsynced).toBe(0)
  })

  test("without a file records nothing and refuses nothing", () => {
    const { audit } = audited(undefined as unknown as string)
    expect(audit.write(callRecord("a"))).toBe(true)
    expect(audit.head().seq).toBe(0)
  })
})

describe("records of one turn of the event loop", () => {
  test("are in the file, in order, when they are said to be", async () => {
    const file = auditFile()
    const { audit } = audited(file)
    const turn = ["a", "b", "c"].map((id) => audit.commit(callRecord(id)))
    audit.write(callRecord("d")) // does not wait, and nobody overtakes it
    expect(records(file).map(({ id }) => id)).toEqual(["a", "b", "c", "d"])
    expect(await Promise.all([...turn, audit.commit(callRecord("e"))])).toEqual([
      true,
      true,
      true,
      true,
    ])
    expect(records(file).map(({ seq, id }) => `${seq}${id}`)).toEqual([
      "1a",
      "2b",
      "3c",
      "4d",
      "5e",
    ])
    expect((await readAudit([file])).findings).toEqual([])
  })

  test("are many more than fit one write, and all there", async () => {
    const file = auditFile()
    const { audit } = audited(file)
    const ids = Array.from({ length: 2_000 }, (_, index) => `${index}`)
    const kept = await Promise.all(ids.map((id) => audit.commit(callRecord(id))))
    expect(new Set(kept)).toEqual(new Set([true]))
    const calls = records(file).filter(({ kind }) => kind === "call")
    expect(calls.map(({ id }) => id)).toEqual(ids)
    expect((await readAudit([file])).findings).toEqual([])
  })

  test("are all refused when they cannot be written", async () => {
    const { audit } = audited("/dev/full")
    const turn = ["a", "b"].map((id) => audit.commit(callRecord(id)))
    expect(audit.write(callRecord("c"))).toBe(false)
    expect(await Promise.all(turn)).toEqual([false, false])
    expect(audit.unwritten().map(({ id }) => id)).toEqual(["a", "b", "c"])
  })

  test("may be interrupted by a checkpoint, which tells of the last of them", async () => {
    vi.useFakeTimers({ toFake: ["setInterval"] })
    onTestFinished(() => void vi.useRealTimers())
    const file = auditFile()
    const { audit, checkpoints } = audited(file)
    audit.write(callRecord("a"))
    const turn = audit.commit(callRecord("b"))
    vi.advanceTimersByTime(60_000)
    expect(await turn).toBe(true)
    expect(checkpoints).toEqual([3])
    expect(records(file).map(({ kind }) => kind)).toEqual(["call", "call", "checkpoint"])
    expect((await readAudit([file])).findings).toEqual([])
  })

  test("are written when the audit is closed before the turn ends", async () => {
    const file = auditFile()
    const { audit } = audited(file)
    const last = audit.commit(callRecord("last"))
    audit.close()
    expect(await last).toBe(true)
    expect(records(file)).toHaveLength(1)
  })
})

describe("a process killed while it writes", () => {
  test("loses no answered decision, and its file verifies", async () => {
    const file = auditFile()
    for (let round = 0; round < 3; round++) {
      const child = await startedChild(file)
      const answered = await linesUntil(child, (lines) => lines.length === 200)
      await killed(child)
      const ids = new Set(records(file).map(({ kind, id }) => `${kind} ${id}`))
      const lost = answered.filter((text) => !ids.has(text.replace("ok", "call")))
      expect(lost).toEqual([])
      const verified = await readAudit([file])
      expect(verified.findings).toEqual([])
      expect(verified.openBegins.length).toBeLessThanOrEqual(round + 1)
    }
  })
})

describe("a disk that is full", () => {
  test("refuses calls, keeps what they were for diagnosis, and says so once", () => {
    const { audit, troubles } = audited("/dev/full")
    for (let index = 0; index < 1_200; index++)
      expect(audit.write(callRecord(`${index}`))).toBe(false)
    expect(troubles).toEqual([expect.stringContaining("ENOSPC")])
    expect(audit.state()).toMatchObject({ records: 0, lost: 1_200, trouble: troubles[0] })
    expect(audit.unwritten()).toHaveLength(1_000)
    expect(audit.unwritten()[0]?.id).toBe("200")
  })

  test("lets calls go on where the configuration says degrade, and counts them", () => {
    const { audit } = audited("/dev/full", { onFailure: "degrade" })
    expect(audit.write(callRecord("a"))).toBe(true)
    expect(audit.state().lost).toBe(1)
  })

  test.each(["deny", "degrade"])("leaves a file that verifies and goes on (%s)", async (policy) => {
    const file = auditFile()
    const child = await startedChild(file, { onFailure: policy, sizeMaxKib: 64 })
    await linesUntil(child, (lines) => lines.some((line) => line.startsWith("trouble ")))
    await linesUntil(child, (lines) => lines.length > 50)
    const meanwhile = await readAudit([file]) // it may see half a line before that is cut off again
    expect(meanwhile.findings.filter(({ code }) => code !== "torn_tail")).toEqual([])
    const tried = await linesUntil(child, (lines) => lines.length > 10)
    expect(new Set(tried.map((line) => line.split(" ")[0]))).toEqual(
      new Set([policy === "deny" ? "refused" : "ok"]),
    )
    await promisify(execFile)("prlimit", [`--pid=${child.pid}`, "--fsize=unlimited"])
    await linesUntil(child, (lines) => lines.includes("recovered"))
    await linesUntil(child, (lines) => lines.filter((line) => line.startsWith("ok")).length > 10)
    await killed(child)
    const verified = await readAudit([file])
    expect(verified.findings).toEqual([])
    const told = records(file).find(({ kind }) => kind === "recovered")
    expect(told?.note.lost).toBeGreaterThan(50)
  })
})

describe("a disk that has room again", () => {
  test("is found out without a call", async () => {
    const file = auditFile()
    const child = await startedChild(file, { sizeMaxKib: 16, mode: "quiet" })
    await linesUntil(child, (lines) => lines.some((line) => line.startsWith("refused ")))
    await promisify(execFile)("prlimit", [`--pid=${child.pid}`, "--fsize=unlimited"])
    await linesUntil(child, (lines) => lines.includes("recovered"))
    await killed(child)
    expect(await readAudit([file])).toMatchObject({ findings: [] })
    const { kind, note } = records(file).at(-1)
    expect(kind).toBe("recovered")
    expect([1, 2]).toContain(note.lost) // the call, and its begin where that was the first to fail
  })
})

describe("a disk that was full while nobody waited", () => {
  test("refuses nothing once it has room again", async () => {
    const file = auditFile()
    const child = await startedChild(file, { sizeMaxKib: 16, mode: "alone" })
    await linesUntil(child, (lines) => lines.includes("refused alone"))
    await promisify(execFile)("prlimit", [`--pid=${child.pid}`, "--fsize=unlimited"])
    const lines = await linesUntil(child, (lines) => lines.some((line) => / after$/.test(line)))
    expect(lines).toEqual(["recovered", "ok after"])
    await killed(child)
    expect(await readAudit([file])).toMatchObject({ findings: [] })
  })
})

describe("verification", () => {
  const lines = (file: string) => readFileSync(file, "utf8").split("\n")
  const rewrite = (change: (lines: string[]) => void): string => {
    const file = writtenFile(6)
    const all = lines(file)
    change(all)
    writeFileSync(file, all.join("\n"))
    return file
  }

  test("finds a changed byte, at the line after it", async () => {
    const file = rewrite((all) => {
      all[2] = all[2]?.replace('"decision":"allow"', '"decision":"refuse"') ?? ""
    })
    const { findings, records: count } = await readAudit([file])
    expect(findings).toEqual([
      expect.objectContaining({ code: "chain_broken", file, line: 4, seq: 4 }),
    ])
    expect(findings[0]?.expected).not.toBe(findings[0]?.found)
    expect(count).toBe(6)
  })

  test("finds a changed last line against a head kept elsewhere", async () => {
    const file = writtenFile(6)
    const { head } = await readAudit([file])
    writeFileSync(file, readFileSync(file, "utf8").replace('"id":"c5"', '"id":"c6"'))
    expect(await readAudit([file])).toMatchObject({ findings: [] })
    expect(await readAudit([file], { expect: head.hash })).toMatchObject({
      findings: [{ code: "head_mismatch", expected: head.hash }],
    })
  })

  test("finds a deleted line and says which", async () => {
    const file = rewrite((all) => all.splice(2, 1))
    expect(await readAudit([file])).toMatchObject({
      findings: [{ code: "chain_broken", line: 3, seq: 4, message: /records 3 to 3 are missing/ }],
    })
  })

  test("finds a missing beginning", async () => {
    const file = rewrite((all) => all.splice(0, 2))
    expect(await readAudit([file])).toMatchObject({
      findings: [{ code: "chain_broken", line: 1, message: /the beginning is missing/ }],
    })
  })

  test("finds swapped and added lines", async () => {
    const swapped = rewrite((all) => all.splice(2, 2, all[3] ?? "", all[2] ?? ""))
    expect((await readAudit([swapped])).findings.map(({ line }) => line)).toEqual([3, 4, 5])
    const added = rewrite((all) => all.splice(2, 0, all[1] ?? ""))
    expect((await readAudit([added])).findings.map(({ line }) => line)).toEqual([3])
  })

  test("finds a cut-off end against a head kept elsewhere", async () => {
    const file = writtenFile(6)
    const { head } = await readAudit([file])
    truncateSync(file, lines(file).slice(0, 4).join("\n").length + 1)
    expect(await readAudit([file])).toMatchObject({ records: 4, findings: [] })
    expect(await readAudit([file], { expect: head.hash })).toMatchObject({
      findings: [{ code: "head_mismatch" }],
    })
  })

  test("finds half a line and lines that are no records, and goes on", async () => {
    const file = rewrite((all) => {
      all[1] = "no JSON"
      all.splice(3, 0, "[1]", `"${"x".repeat(3_000_000)}"`)
      all[all.length - 1] = '{"seq":'
    })
    const { findings } = await readAudit([file])
    expect(findings.map(({ code, line }) => `${line} ${code}`)).toEqual([
      "2 not_a_record",
      "3 chain_broken",
      "4 not_a_record",
      "5 not_a_record",
      "6 chain_broken",
      "9 torn_tail",
    ])
  })

  test("reads a chain that goes on in a second file", async () => {
    const file = writtenFile(4)
    const all = lines(file)
    const second = join(file, "../second.jsonl")
    writeFileSync(second, all.slice(2).join("\n"))
    writeFileSync(file, `${all.slice(0, 2).join("\n")}\n`)
    expect(await readAudit([file, second])).toMatchObject({ records: 4, findings: [] })
    expect((await readAudit([second, file])).findings).not.toEqual([])
  })

  test("says when a file cannot be read", async () => {
    expect(await readAudit(["/nowhere.jsonl"])).toMatchObject({
      findings: [{ code: "unreadable", file: "/nowhere.jsonl", message: /ENOENT/ }],
    })
  })
})

/** The audit's own process, started and writing. */
async function startedChild(
  file: string,
  {
    onFailure = "deny",
    sizeMaxKib,
    mode = "",
  }: { onFailure?: string; sizeMaxKib?: number; mode?: string } = {},
): Promise<ChildProcess> {
  const script = join(import.meta.dirname, "../support/audit-child.ts")
  const limit = sizeMaxKib === undefined ? "" : `ulimit -S -f ${sizeMaxKib};`
  const command = `${limit} exec "$0" "$@"`
  const child = spawn("bash", ["-c", command, process.execPath, script, file, onFailure, mode], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  onTestFinished(() => void child.kill("SIGKILL"))
  await linesUntil(child, (lines) => lines.includes("ready"))
  return child
}

const readers = new WeakMap<ChildProcess, AsyncIterator<string>>()

/** The lines a child prints from here on, until they are enough. */
async function linesUntil(
  child: ChildProcess,
  isEnough: (lines: readonly string[]) => boolean,
): Promise<string[]> {
  if (child.stdout === null) throw new TypeError("its output is piped")
  const reader = readers.get(child) ?? createInterface(child.stdout)[Symbol.asyncIterator]()
  readers.set(child, reader)
  const lines: string[] = []
  while (!isEnough(lines)) {
    const { value, done } = await reader.next()
    if (done) throw new Error(`the child ended after ${lines.length} lines`)
    lines.push(value)
  }
  return lines
}

async function killed(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL")
  await once(child, "exit")
}
