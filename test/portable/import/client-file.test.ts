import { describe, expect, test } from "vitest"
import { readClientFile } from "../../../src/portable/import/client-file.ts"
import type { ClientServer } from "../../../src/portable/import/client-server.ts"
import { readJsonc } from "../../../src/portable/import/jsonc.ts"
import { type ServerEntry, serverEntry } from "../../../src/portable/import/server-entry.ts"
import { Variables } from "../../../src/portable/import/variables.ts"

function read(text: string) {
  const { problems, tree } = readJsonc(text)
  expect(problems).toEqual([])
  const file = tree && readClientFile(tree)
  if (file === undefined) throw new Error("not a client's file")
  return file
}

const servers = (text: string): readonly ClientServer[] => read(text).servers

/** What the configuration would say, and the variables that it refers to with what stood in the file. */
function entries(text: string) {
  const { inputs, servers: all } = read(text)
  const variables = new Variables()
  const around = { inputs, workspace: ".", project: "mine", home: "/home/me" }
  const made: Record<string, ServerEntry> = {}
  for (const server of all) made[server.name] = serverEntry(server, around, variables)
  const values = Object.fromEntries(variables.all.map(({ name, value }) => [name, value]))
  return { entries: made, values, variables: variables.all }
}

const entry = (server: object) => entries(JSON.stringify({ mcpServers: { it: server } }))

describe("the files of clients", () => {
  test.each([
    ["Claude Desktop, Cursor", { mcpServers: { a: { command: "npx", args: ["-y", "x"] } } }],
    [
      "VS Code's mcp.json",
      { servers: { a: { type: "stdio", command: "npx", args: ["-y", "x"] } } },
    ],
    ["VS Code's settings", { mcp: { servers: { a: { command: "npx", args: ["-y", "x"] } } } }],
    ["Zed", { context_servers: { a: { command: { path: "npx", args: ["-y", "x"] } } } }],
    ["opencode", { mcp: { a: { type: "local", command: ["npx", "-y", "x"] } } }],
    ["a list", { mcpServers: [{ name: "a", command: "npx", args: ["-y", "x"] }] }],
    ["servers alone", { a: { command: "npx -y x" } }],
  ])("of %s name a program", (_, file) => {
    expect(servers(JSON.stringify(file))).toEqual([
      {
        name: "a",
        isDisabled: false,
        way: {
          kind: "stdio",
          command: "npx",
          args: ["-y", "x"],
          env: [],
          envFile: undefined,
          cwd: undefined,
        },
      },
    ])
  })

  test.each([
    ["url", { url: "https://x.example/mcp" }],
    ["type http", { type: "http", url: "https://x.example/mcp" }],
    ["type sse", { type: "sse", url: "https://x.example/mcp" }],
    ["Windsurf's serverUrl", { serverUrl: "https://x.example/mcp" }],
    ["Gemini's httpUrl", { httpUrl: "https://x.example/mcp" }],
  ])("name an address by %s", (_, server) => {
    expect(servers(JSON.stringify({ mcpServers: { a: server } }))).toEqual([
      {
        name: "a",
        isDisabled: false,
        way: { kind: "http", url: "https://x.example/mcp", headers: [] },
      },
    ])
  })

  test("may hold comments, trailing commas and what looks like either", () => {
    const text = `// servers, of course
{ "servers": { /* "no": { "command": "x" }, */ "a": { "command": "x", "args": ["// no, /* no */", ",]",], }, }, }
/* the end`
    expect(servers(text)).toMatchObject([{ name: "a", way: { args: ["// no, /* no */", ",]"] } }])
  })

  test("say where they are broken", () => {
    const { problems, tree } = readJsonc('{\n  // one\n  "servers": { "a": }\n}')
    expect(tree).toBeUndefined()
    expect(problems).toMatchObject([{ code: "json_syntax", line: 3 }])
    for (const text of ['"', "[", "", "/*", '{"a" "b"}', '"\\"'.repeat(1_000)])
      expect(readJsonc(text).tree, text).toBeUndefined()
  })

  test("tell which servers are turned off, and what is no server", () => {
    const file = read(
      JSON.stringify({
        mcpServers: {
          off: { command: "x", disabled: true },
          out: { command: "x", enabled: false },
          empty: {},
          text: "npx x",
          ws: { type: "ws", url: "wss://x" },
          odd: { command: "x", args: [{}] },
          env: { command: "x", env: { A: [] } },
        },
      }),
    )
    expect(file.servers.map(({ name, isDisabled }) => [name, isDisabled])).toEqual([
      ["off", true],
      ["out", true],
    ])
    expect(file.wrong).toEqual([
      { name: "empty", message: "expected a command or a url" },
      { name: "text", message: "expected an object with a command or a url" },
      { name: "ws", message: "WebSocket is no transport of MCP" },
      { name: "odd", message: "command, args: expected texts" },
      { name: "env", message: "env: expected names with texts" },
    ])
    expect(readClientFile({ theme: "dark" })).toBeUndefined()
    expect(readClientFile({})).toBeUndefined()
  })
})

describe("what stands in the configuration", () => {
  test("refers to the environment where clients do", () => {
    const { entries: made, variables } = entries(`{
      "inputs": [
        { "type": "promptString", "id": "gh-token", "description": "A token", "password": true, "default": "no" },
        { "type": "promptString", "id": "level", "default": "warn" }
      ],
      "servers": {
        "it": {
          "command": "\${workspaceFolder}/run",
          "args": ["--home", "\${userHome}/x", "\${workspaceFolderBasename}", "\${config:my.key}", "\${A:-b}", "\${input:level}"],
          "env": { "TOKEN": "\${input:gh-token}", "API_KEY": "\${KEY:-fallback}", "B": "\${env:B}" }
        }
      }
    }`)
    expect(made["it"]).toEqual({
      command: "./run",
      args: ["--home", "/home/me/x", "mine", "${CONFIG_MY_KEY}", "${A:-b}", "${LEVEL:-warn}"],
      env: { TOKEN: "${GH_TOKEN}", API_KEY: "${KEY}", B: "${B}" },
    })
    expect(variables.find(({ name }) => name === "GH_TOKEN")?.use).toBe("input gh-token: A token")
  })

  test("holds no secret: not of the environment, not of arguments, headers and addresses", () => {
    const { entries: made, values } = entries(
      JSON.stringify({
        mcpServers: {
          github: {
            command: "docker",
            args: [
              "run",
              "-e",
              "GITHUB_TOKEN=ghp_0123456789abcdef",
              "--api-key",
              "k-1",
              "--log=debug",
            ],
            env: { GITHUB_PAT: "abc", LOG_LEVEL: "debug", PORT: 8080, KEY_FILE: "/etc/key.pem" },
          },
          postgres: { command: "pg", args: ["postgresql://me:pw@db/x"] },
          remote: {
            command: "npx",
            args: [
              "mcp-remote",
              "https://r.example/mcp",
              "--header",
              "Authorization: Bearer t0k3n",
            ],
          },
          search: {
            url: "https://u%40x:p@s.example/v1/AbCdEfGh0123456789xyz/mcp?api_key=q1&lang=en",
            headers: { "X-Api-Key": "h1", Accept: "text/plain" },
          },
        },
      }),
    )
    expect(made).toEqual({
      github: {
        command: "docker",
        args: [
          "run",
          "-e",
          "GITHUB_TOKEN=${GITHUB_TOKEN}",
          "--api-key",
          "${GITHUB_API_KEY}",
          "--log=debug",
        ],
        env: {
          GITHUB_PAT: "${GITHUB_PAT}",
          LOG_LEVEL: "debug",
          PORT: "8080",
          KEY_FILE: "/etc/key.pem",
        },
      },
      postgres: { command: "pg", args: ["${POSTGRES_URL}"] },
      remote: {
        command: "npx",
        args: [
          "mcp-remote",
          "https://r.example/mcp",
          "--header",
          "Authorization: Bearer ${REMOTE_TOKEN}",
        ],
      },
      search: {
        url: "https://s.example/v1/${SEARCH_URL_SECRET}/mcp?api_key=${SEARCH_API_KEY}&lang=en",
        headers: {
          "X-Api-Key": "${SEARCH_API_KEY_2}",
          Accept: "text/plain",
          Authorization: "Basic ${SEARCH_BASIC_AUTH}",
        },
      },
    })
    expect(values).toEqual({
      GITHUB_TOKEN: "ghp_0123456789abcdef",
      GITHUB_API_KEY: "k-1",
      GITHUB_PAT: "abc",
      POSTGRES_URL: "postgresql://me:pw@db/x",
      REMOTE_TOKEN: "t0k3n",
      SEARCH_URL_SECRET: "AbCdEfGh0123456789xyz",
      SEARCH_API_KEY: "q1",
      SEARCH_API_KEY_2: "h1",
      SEARCH_BASIC_AUTH: Buffer.from("u@x:p").toString("base64"),
    })
  })

  test.each([
    [
      "a header in JSON",
      "OPENAPI_HEADERS",
      '{"Authorization": "Bearer ntn_x", "Version": "2022-06-28"}',
    ],
    ["a setting in JSON", "SETTINGS", '{"apiKey":"abc"}'],
    [
      "a part of a connection string",
      "DATABASE",
      "Server=tcp:db.example;Database=x;Password=hunter2;",
    ],
    ["a password in an address", "REDIS_URL", "redis://:hunter2@db:6379/0"],
    ["what an issuer is known to issue", "VALUE", "glpat-abc123def456"],
    ["a long random text", "VALUE", "Zq3vX9bL2mN8kP5rT1wY"],
    ["hex", "VALUE", "0123456789abcdef0123456789abcdef"],
    ["a short password", "DB_PASS", "12345"],
    ["a key", "STRIPE_KEY", "k"],
    ["a word with a digit under a name like a secret's", "AUTH_CODE", "ab1"],
    ["a header in JSON without a scheme", "HEADERS", '{"Authorization":"abc"}'],
    ["a variable in a line for a shell", "RUN", "export GITHUB_TOKEN=abc1 && run"],
    ["a flag in a line", "RUN", "run --with=ghp_abcdefgh0123 --fast"],
    ["a token in the place of a user", "REPO", "https://abcdefghijklmnopqrst@git.example/x"],
  ])("knows %s", (_, name, value) => {
    const { entries: made, values } = entry({ command: "x", env: { [name]: value } })
    expect(made["it"]).toEqual({ command: "x", env: { [name]: `\${${name}}` } })
    expect(values).toEqual({ [name]: value })
  })

  test("holds no secret that was a default", () => {
    const inputs = [{ id: "api-key", type: "promptString", default: "abcd1" }]
    const args = ["${input:api-key}", "${OTHER:-ghp_abcdefgh0123}", "--h=X-Api-Key: ${A_KEY:-b1}"]
    const env = { MODE: "${MODE:-fast}" }
    const { entries: made } = entries(
      JSON.stringify({ inputs, mcpServers: { it: { command: "x", args, env } } }),
    )
    expect(made["it"]).toEqual({
      command: "x",
      args: ["${API_KEY}", "${OTHER}", "--h=X-Api-Key: ${A_KEY}"],
      env: { MODE: "${MODE:-fast}" },
    })
  })

  test("leaves settings alone that are none", () => {
    const env = {
      AUTH_MODE: "none",
      KEYCLOAK_URL: "https://id.example/realms/x",
      GOOGLE_APPLICATION_CREDENTIALS: "/srv/key.json",
      DATABASE_URL: "postgres://me@db/x",
      MAX_TOKENS: "4096",
      CLIENT_ID: "my-client",
      AWS_REGION: "eu-central-1",
      NODE_OPTIONS: "--max-old-space-size=512",
      EMPTY_TOKEN: "",
    }
    expect(entry({ command: "x", env }).entries["it"]).toEqual({ command: "x", env })
  })

  test("gives one name to one value, and another to another", () => {
    const { entries: made, values } = entries(
      JSON.stringify({
        mcpServers: {
          a: { command: "x", env: { API_KEY: "one" } },
          b: { command: "x", env: { API_KEY: "one" } },
          "c d": { command: "x", env: { API_KEY: "two" } },
        },
      }),
    )
    expect(made).toMatchObject({
      a: { env: { API_KEY: "${API_KEY}" } },
      b: { env: { API_KEY: "${API_KEY}" } },
      "c d": { env: { API_KEY: "${C_D_API_KEY}" } },
    })
    expect(values).toEqual({ API_KEY: "one", C_D_API_KEY: "two" })
  })

  test("takes what a configuration cannot hold for a variable as a whole", () => {
    const { entries: made, values } = entry({ command: "sh", args: ["-c", 'echo "${x%y" {'] })
    expect(made["it"]).toEqual({ command: "sh", args: ["-c", "${IT_ARGUMENT_2}"] })
    expect(values).toEqual({ IT_ARGUMENT_2: 'echo "${x%y" {' })
  })

  test("leaves packages, paths, flags and words alone", () => {
    const args = [
      "-y",
      "@modelcontextprotocol/server-sequential-thinking@2025.12.18",
      "--auth",
      "none",
      "--max-tokens=1000",
      "/srv/data/2024-11-05-export",
      "https://docs.example/mcp?lang=en",
      "--keyboard",
      "us",
    ]
    expect(entry({ command: "npx", args })).toEqual({
      entries: { it: { command: "npx", args } },
      values: {},
      variables: [],
    })
  })
})
