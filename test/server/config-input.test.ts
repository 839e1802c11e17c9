import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import { describe, expect, onTestFinished, test } from "vitest"
import { loadConfig, type ParsedConfig, parseConfig } from "../../src/server/config/parse.ts"

const registry = "registry: { source: file://./r.json }"
const key = "0123456789abcdef0123456789abcdef"

describe("a configuration file", () => {
  test("is read from disk, with what is relative beside it", () => {
    const folder = temporary()
    writeFileSync(join(folder, "postern.yaml"), `${registry}\naudit: { file: ./var/a.jsonl }\n`)
    const { config } = sound(loadConfig(join(folder, "postern.yaml"), {}))
    expect(config.registry.name).toBe(join(folder, "r.json"))
    expect(config.audit?.file).toBe(join(folder, "var/a.jsonl"))
  })

  test.each([
    ["is not there", (folder: string) => join(folder, "none.yaml"), "ENOENT"],
    ["is a folder", (folder: string) => folder, "EISDIR"],
    ["is larger than anybody writes by hand", large, "at most 524288 are read"],
  ])("that %s is a problem with its name", (_, path, reason) => {
    const file = path(temporary())
    const problem = { file, line: 1, column: 1, path: "", message: expect.stringContaining(reason) }
    expect(loadConfig(file, {})).toEqual({ ok: false, problems: [problem] })
  })

  test("names all that may stand where something else is written", () => {
    const wrong = (entry: string) =>
      problems(
        parseConfig("x.yaml", `${registry}\nservers: { a:1: { url: "http://a", ${entry} } }`, {}),
      )
    expect(wrong("breaker: on")).toEqual([
      "2:36 servers.a:1.breaker — expected off, or failures and openFor",
    ])
    expect(wrong("breaker: { failure: 3 }")).toEqual([
      "2:47 servers.a:1.breaker.failure — unknown key; did you mean failures?",
    ])
  })

  test("may begin with a byte order mark and have Windows line ends", () => {
    const text = `\uFEFF# a\r\n${registry}\r\nlisten:\r\n  prot: 1\r\n`
    expect(problems(parseConfig("x.yaml", text, {}))).toEqual([
      "4:3 listen.prot — unknown key; did you mean port?",
    ])
  })

  test("cannot hold up the start: aliases, depth, long keys, many keys", () => {
    const hostile = {
      aliases: `a: &a [${"x,".repeat(50)}]\n${["b", "c", "d", "e"].map((k, i) => `${k}: &${k} [${`*${"abcd"[i]},`.repeat(50)}]`).join("\n")}`,
      depth: `a: ${"[".repeat(50_000)}`,
      flow: `a: ${"{a: ".repeat(5_000)}1${"}".repeat(5_000)}`,
      key: `${"k".repeat(400_000)}: 1`,
      keys: Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join("\n"),
      braces: `a: "${"${A".repeat(50_000)}"`,
    }
    for (const [name, text] of Object.entries(hostile)) {
      const parsed = parseConfig("x.yaml", text, {})
      expect(parsed.ok, name).toBe(false)
      const lines = problems(parsed)
      expect(lines.length, name).toBeGreaterThan(0)
      expect(lines.length, name).toBeLessThanOrEqual(100)
      expect(Math.max(...lines.map((line) => line.length)), name).toBeLessThan(300)
    }
  })

  test("with __proto__ anywhere is refused, and nothing is polluted", () => {
    for (const text of [
      "__proto__: { polluted: 1 }",
      "servers: { __proto__: { command: x } }",
      "servers: { a:1.0.0: { command: x, env: { __proto__: y } } }",
    ])
      expect(problems(parseConfig("x.yaml", `${registry}\n${text}`, {}))).toEqual([
        expect.stringMatching(/__proto__ — unknown key$/),
      ])
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false)
  })
})

describe("what comes from the environment", () => {
  test("never becomes structure", () => {
    const text = "registry:\n  source: file://./${EVIL}\n"
    const { config } = sound(parseConfig("/x.yaml", text, { EVIL: "a\nlisten: {}" }))
    expect(config.registry.name).toBe("/a\nlisten: {}")
  })

  test("is a number only where a number is expected", () => {
    const text = `${registry}\nlisten: { port: "\${N}", host: "\${N}" }\nexplainRefusals: \${YES}`
    const { config } = sound(parseConfig("x.yaml", text, { N: "4000", YES: "true" }))
    expect(config.listen).toMatchObject({ port: 4000, host: "4000" })
    expect(config.explainRefusals).toBe(true)
  })

  test("may be empty, where :- does not replace it", () => {
    const text = `${registry}\nservers: { a: { command: x, args: ["\${E}", "\${E:-d}", "\${U:-}"] } }`
    const { config } = sound(parseConfig("x.yaml", text, { E: "" }))
    expect(config.servers[0]?.process?.args).toEqual(["", "d", ""])
  })

  test("is taken from the variables alone, not from what objects inherit", () => {
    const text = 'registry: { source: "file://./${toString}" }'
    expect(problems(parseConfig("x.yaml", text, {}))).toEqual([
      "1:21 registry.source — toString is not set in the environment",
    ])
  })
})

describe("a secret", () => {
  const text = (reference: string) =>
    `${registry}\nsession: { key: "${reference}" }\nservers: { a:1.0.0: { url: "http://a/mcp", headers: { Authorization: "Bearer \${T}" } } }`

  test("comes from a file beside the configuration, without the file's last newline", () => {
    const folder = temporary()
    mkdirSync(join(folder, "secrets"))
    writeFileSync(join(folder, "secrets/key"), `${key}\n`)
    const parsed = parseConfig(join(folder, "x.yaml"), text("file:secrets/key"), { T: "t" })
    expect(sound(parsed).config.sessionKeys.map((secret) => secret.reveal())).toEqual([key])
  })

  test("prints as [secret] in every way of printing", () => {
    const { config } = sound(parseConfig("x.yaml", text("${K}"), { K: key, T: "t0ken-canary" }))
    const printed = [JSON.stringify(config), inspect(config, { depth: 9 }), `${config.sessionKeys}`]
    for (const output of printed) {
      expect(output).not.toContain(key)
      expect(output).not.toContain("t0ken-canary")
    }
    expect(config.servers[0]?.headers.get("authorization")?.reveal()).toBe("Bearer t0ken-canary")
  })

  test("that only a running gateway needs may be missing where nothing is started; a place may not", () => {
    const offline = (rest: string) =>
      parseConfig("x.yaml", `${text("${K}")}\n${rest}`, {}, { isOffline: true })
    expect(
      sound(
        offline(
          'audit: { file: a, key: file:no-such-file }\nstate: { runs: "postgres://${U}:${P}@db/x" }',
        ),
      ).config.servers,
    ).toHaveLength(1)
    const places = 'listen: { port: "${PORT}" }\nadmin: { port: "${ADMIN}" }'
    expect(problems(offline(places)).join()).toMatch(/PORT is not set.*ADMIN is not set/)
    const addressed = (url: string) =>
      parseConfig(
        "x.yaml",
        `${registry}\nservers: { a:1.0.0: { url: "${url}" } }`,
        {},
        { isOffline: true },
      )
    expect(addressed("http://a/mcp?key=${K}").ok).toBe(true)
    expect(problems(addressed("http://${HOST}/mcp?key=${K}")).join()).toMatch(
      /^[^,]*HOST is not set[^,]*$/,
    )
  })

  test("is never in the words of a problem", () => {
    const wrong = `${registry}\nsession: { key: "\${K}" }\nlisten: { port: "\${K}" }\naudit: { file: a, key: hunter2 }`
    const lines = problems(parseConfig("x.yaml", wrong, { K: "s3cret-canary" }))
    expect(lines).toHaveLength(3)
    expect(lines.join()).not.toMatch(/s3cret-canary|hunter2/)
  })
})

function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), "config-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

function large(folder: string): string {
  writeFileSync(join(folder, "large.yaml"), `# ${"x".repeat(600_000)}`)
  return join(folder, "large.yaml")
}

function sound(parsed: ParsedConfig): Extract<ParsedConfig, { ok: true }> {
  if (!parsed.ok) throw new Error(problems(parsed).join("\n"))
  return parsed
}

function problems(parsed: ParsedConfig): string[] {
  if (parsed.ok) return []
  return parsed.problems.map(
    ({ line, column, path, message }) => `${line}:${column} ${path} — ${message}`,
  )
}
