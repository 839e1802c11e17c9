import { existsSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { parseConfig } from "../../src/server/config/parse.ts"
import { project } from "../docs/pages.ts"

const read = (path: string) => readFileSync(join(project, path), "utf8")
const dockerfile = read("Dockerfile")

describe("the image", () => {
  test("ends in a stage that runs as nobody in particular, with the command that the package has", () => {
    const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "))
    const { bin } = JSON.parse(read("package.json"))
    expect(last).toMatch(/^USER [1-9]\d*:[1-9]\d*$/m)
    expect(last).toContain(`ENTRYPOINT ["node", "${join("/app", bin.postern)}"]`)
    expect(last).toMatch(/^HEALTHCHECK /m)
  })

  test("is built from the Node that the package asks for", () => {
    const { engines } = JSON.parse(read("package.json"))
    const major = /\d+/.exec(engines.node)?.[0]
    expect(dockerfile.match(/^FROM .*$/gm)).toEqual([
      `FROM node:${major}-slim AS build`,
      `FROM node:${major}-slim`,
    ])
  })

  test("is built from nothing but what a build needs", () => {
    const ignored = read(".dockerignore").trim().split("\n")
    for (const path of [".git", "**/node_modules", "var", "test"]) expect(ignored).toContain(path)
    for (const path of ["src", "scripts", "package-lock.json", ".npmrc", "config"])
      expect(ignored).not.toContain(path)
  })
})

describe("examples/compose", () => {
  const folder = "examples/compose"
  const compose: {
    services: Record<string, { volumes?: string[]; command?: string[]; build: { context: string } }>
  } = parse(read(`${folder}/compose.yaml`))
  const services = Object.values(compose.services)

  test("mounts, builds and starts what is there", () => {
    const mounted = services.flatMap(({ volumes = [] }) => volumes.map((one) => one.split(":")[0]))
    const files = mounted.filter((path) => path?.startsWith("./"))
    expect(files.length).toBeGreaterThan(0)
    // Folders: a registry that is saved as a new file would not be seen through a mount of the file.
    for (const path of files)
      expect(statSync(join(project, folder, path ?? "")).isDirectory(), path).toBe(true)
    const programs = services.flatMap(({ command = [] }) =>
      command.filter((word) => word.endsWith(".ts")),
    )
    for (const path of programs) expect(existsSync(join(project, path))).toBe(true)
    for (const { build } of services)
      expect(existsSync(join(project, folder, build.context, "Dockerfile"))).toBe(true)
  })

  test("has a configuration that is read, and servers on the ports that it names", () => {
    const text = read(`${folder}/postern.yaml`)
    expect(parseConfig(join(project, folder, "postern.yaml"), text, {})).toMatchObject({ ok: true })
    const ports = services.flatMap(({ command = [] }) =>
      command.slice(command.indexOf("--port") + 1),
    )
    for (const port of ports.filter((word) => /^\d+$/.test(word)))
      expect(text).toContain(`http://127.0.0.1:${port}/mcp`)
  })
})
