import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { homedir } from "node:os"
import { delimiter, join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseAllDocuments } from "yaml"

const chart = fileURLToPath(new URL("../../helm/postern", import.meta.url))

/** The real program, if this machine has it: `HELM`, PATH, or where Go puts programs. */
export const helm: string | undefined = [
  process.env["HELM"],
  ...(process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "helm")),
  join(homedir(), "go/bin/helm"),
].find((path) => path && spawnSync(path, ["version"]).status === 0)

export interface Rendered {
  readonly status: number | null
  readonly text: string
  readonly stderr: string
}

/** What `helm …` says of the chart; each of `values` is a file of `ci/`, or `name=value`. */
export function runHelm(command: readonly string[], values: readonly string[]): Rendered {
  const given = values.flatMap((value) =>
    value.includes("=") ? ["--set-json", value] : ["--values", join(chart, "ci", `${value}.yaml`)],
  )
  const { status, stdout, stderr } = spawnSync(helm ?? "helm", [...command, chart, ...given], {
    encoding: "utf8",
  })
  return { status, text: stdout, stderr }
}

export const template = (...values: string[]): Rendered =>
  runHelm(["template", "gate", "--namespace", "agents"], values)

/** One object of Kubernetes, as far as tests look at it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly [member: string]: unknown
}

export function manifests(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const value: Manifest | null = document.toJS()
    return value === null ? [] : [value]
  })
}

export function manifest(text: string, kind: string, name?: string): Manifest {
  const found = manifests(text).filter(
    (one) => one.kind === kind && (name === undefined || one.metadata.name === name),
  )
  const [first] = found
  if (first === undefined || found.length > 1)
    throw new Error(`${found.length} of ${kind} ${name ?? ""} in the rendered chart`)
  return first
}

/** postern.yaml as the chart gives it to the gateway, whatever it is called. */
export function configOf(text: string): string {
  for (const { kind, data } of manifests(text))
    if (kind === "ConfigMap" && typeof data === "object" && data !== null && "postern.yaml" in data)
      return String(data["postern.yaml"])
  throw new Error("no postern.yaml in a ConfigMap of the rendered chart")
}

export const chartFile = (path: string): string => readFileSync(join(chart, path), "utf8")
