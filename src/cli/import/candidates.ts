import { existsSync, readFileSync } from "node:fs"
import { homedir } from "node:os"
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path"
import { parseEnv } from "node:util"
import { type ClientFile, readClientFile } from "../../portable/import/client-file.ts"
import type { ClientServer } from "../../portable/import/client-server.ts"
import { readJsonc } from "../../portable/import/jsonc.ts"
import { serverName } from "../../portable/import/names.ts"
import { type ServerEntry, serverEntry } from "../../portable/import/server-entry.ts"
import type { Variables } from "../../portable/import/variables.ts"
import { formatProblem } from "../../registry/print-problems.ts"
import { UsageError } from "../command.ts"

/** A server that is to be imported, as the configuration would name it. */
export interface Candidate {
  readonly name: string
  /** Nobody gave it that name: what the server calls itself is better. */
  readonly isUnnamed: boolean
  readonly entry: ServerEntry
  /** The file or address that names it, as it was typed. */
  readonly from: string
}

export interface Candidates {
  readonly servers: readonly Candidate[]
  /** Entries that are not imported: why, and whether that is as it should be. */
  readonly left: readonly {
    readonly name: string
    readonly why: string
    readonly isFine: boolean
  }[]
}

export interface Reading {
  readonly variables: Variables
  /** The folder of the configuration, absolute: relative paths of servers begin there. */
  readonly folder: string
  /** The environment variable with a bearer token for the addresses, if one was named. */
  readonly token: string | undefined
}

/** What the arguments of an import name: files of clients, and addresses as `URL` or `NAME=URL`. */
export function readCandidates(args: readonly string[], reading: Reading): Candidates {
  const all = args.map((arg) => {
    const [, name, url] = /^(?:([^=/]+)=)?(https?:\/\/.*)$/i.exec(arg) ?? []
    return url === undefined ? fromFile(arg, reading) : fromAddress(name, url, reading)
  })
  const servers = all.flatMap((one) => one.servers)
  if (servers.length > serversMax)
    throw new UsageError(
      `these are ${servers.length} servers, more than ${serversMax}: import them in several goes`,
    )
  return { servers, left: all.flatMap(({ left }) => left) }
}

/** Servers of one import: each is asked, and its name compared with those of all others. */
const serversMax = 1_000

function fromAddress(name: string | undefined, url: string, reading: Reading): Candidates {
  if (!URL.canParse(url)) throw new UsageError("an address such as https://example.com/mcp")
  const { hostname } = new URL(url)
  const host = hostname.replace(/^(?:mcp|www|api)\.|\.[a-z]+$/g, "")
  const own = serverName(name ?? host)
  const headers = reading.token === undefined ? [] : [bearer(reading.token)]
  const server = { name: own, isDisabled: false, way: { kind: "http", url, headers } } as const
  const around = { inputs: [], home: homedir(), workspace: reading.folder, project: "" }
  const entry = serverEntry(server, around, reading.variables)
  const from = new URL(url).origin // a path or query may hold a secret
  return { servers: [{ name: own, isUnnamed: name === undefined, entry, from }], left: [] }
}

const bearer = (variable: string) => ["Authorization", `Bearer \${${variable}}`] as const

function fromFile(file: string, reading: Reading): Candidates {
  const { inputs, servers, wrong } = readFile(file)
  const home = folderOf(file)
  const around = { inputs, home: homedir(), project: basename(home) }
  const left: Candidates["left"][number][] = wrong.map(({ name, message }) => ({
    name,
    why: message,
    isFine: false,
  }))
  const candidates = servers.flatMap((server): Candidate[] => {
    const name = serverName(server.name)
    const own = withEnvFile({ ...server, name }, home)
    if (server.isDisabled) left.push({ name, why: `turned off in ${file}`, isFine: true })
    else if (typeof own === "string") left.push({ name, why: own, isFine: false })
    else {
      // A process starts in the folder of its file, so there that is `.`, unless it has a folder of its own.
      const workspace = "cwd" in own.way && own.way.cwd !== undefined ? home : "."
      const written = serverEntry(own, { ...around, workspace }, reading.variables)
      const entry = inFolder(written, home, reading)
      return [{ name, isUnnamed: false, entry, from: file }]
    }
    return []
  })
  return { servers: candidates, left }
}

function readFile(file: string): ClientFile {
  let text: string
  try {
    text = readFileSync(file, "utf8")
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new UsageError(`${why}; name the file of an MCP client, or an address with http(s)://`, {
      cause: error,
    })
  }
  const { problems, tree } = readJsonc(text)
  const [problem] = problems
  if (problem?.code === "document_not_object")
    throw new UsageError(`${file}: expected an object with mcpServers or servers`)
  if (tree === undefined)
    throw new UsageError(problem ? formatProblem({ ...problem, file }) : `${file} cannot be read`)
  const read = readClientFile(tree)
  if (read === undefined)
    throw new UsageError(`${file} names no servers: there is no mcpServers and no servers in it`)
  return read
}

/** The folder that a file's relative paths begin at: that of the project, where the file is in a client's own folder. */
function folderOf(file: string): string {
  const folder = dirname(resolve(file))
  return /^\.\w+$/.test(basename(folder)) ? dirname(folder) : folder
}

/** With the variables of its `envFile`; a text says why those cannot be had. */
function withEnvFile(server: ClientServer, home: string): ClientServer | string {
  const { way } = server
  if (way.kind !== "stdio" || way.envFile === undefined) return server
  const path = resolve(home, way.envFile.replaceAll("${workspaceFolder}", home))
  try {
    const own = new Set(way.env.map(([name]) => name))
    const read = Object.entries(parseEnv(readFileSync(path, "utf8")))
    const more = read.flatMap(([name, value = ""]) =>
      own.has(name) ? [] : [[name, value] as const],
    )
    return { ...server, way: { ...way, env: [...more, ...way.env] } }
  } catch (error) {
    return `envFile: ${error instanceof Error ? error.message : String(error)}`
  }
}

/** What is relative to the file's folder stays so: the process starts there, if that matters. */
function inFolder(entry: ServerEntry, home: string, { folder }: Reading): ServerEntry {
  if (!("command" in entry)) return entry
  const { cwd } = entry
  if (cwd?.startsWith("${")) return entry // where that leads is not known yet
  if (cwd !== undefined) return { ...entry, cwd: relativePath(folder, resolve(home, cwd)) }
  const words = [entry.command, ...(entry.args ?? [])]
  if (home === folder || !words.some((word) => isRelative(word, home))) return entry
  return { ...entry, cwd: relativePath(folder, home) }
}

const isRelative = (word: string, home: string): boolean =>
  /^\.{1,2}(?:[\\/]|$)/.test(word) ||
  (/^[^-/]/.test(word) && !isAbsolute(word) && existsSync(join(home, word)))

/** Short paths that lead up a little stay relative, so that a checkout may move. */
function relativePath(from: string, to: string): string {
  const path = relative(from, to)
  return path.startsWith("../../..") ? to : path === "" ? "." : path
}
