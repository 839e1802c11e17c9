import type { ClientInput } from "./client-file.ts"
import { type Variables, variableName } from "./variables.ts"

/** What the placeholders of a client's file mean. */
export interface Surroundings {
  readonly inputs: readonly ClientInput[]
  /** How the folder that the file belongs to is written for the server's process. */
  readonly workspace: string
  /** What the folder is called. */
  readonly project: string
  readonly home: string
}

const placeholder = /\$\{([^{}]*)\}/g

/**
 * Turns the placeholders of clients into those of a configuration: `${env:NAME}` and `${NAME}` into `${NAME}`,
 * `${input:id}` into a variable of that name, folders into what they are. Undefined for a text that a configuration
 * cannot hold, because it has `${` for something else.
 */
export function withReferences(
  text: string,
  use: string,
  { inputs, workspace, project, home }: Surroundings,
  variables: Variables,
): string | undefined {
  const folders = new Map([
    ["workspaceFolder", workspace],
    ["workspaceRoot", workspace],
    ["workspaceFolderBasename", project],
    ["userHome", home],
    ["pathSeparator", "/"],
    ["/", "/"],
  ])
  if (text.replaceAll(placeholder, "").includes("${")) return
  return text.replaceAll(placeholder, (_, inner: string) => {
    const folder = folders.get(inner.replace(/^workspaceFolder:.*/, "workspaceFolder"))
    if (folder !== undefined) return folder
    const [, kind = "", rest = inner] = /^(env[:.]|input:)(.*)$/.exec(inner) ?? []
    if (kind === "input:") return inputReference(rest, inputs, variables)
    const [, name = "", defaultTo] = /^([A-Za-z_]\w*)(?::-([^$]*))?$/.exec(rest) ?? []
    if (name !== "") return variables.refer(name, use, defaultTo)
    return variables.refer(variableName(rest), `${use}, where the file has \${${inner}}`)
  })
}

function inputReference(id: string, inputs: readonly ClientInput[], variables: Variables): string {
  const input = inputs.find((one) => one.id === id)
  const about = input?.description === undefined ? "" : `: ${input.description}`
  const isPlain = input?.default !== undefined && !/[${}]/.test(input.default)
  const name = variableName(id.toUpperCase())
  return variables.refer(name, `input ${id}${about}`, isPlain ? input?.default : undefined)
}
