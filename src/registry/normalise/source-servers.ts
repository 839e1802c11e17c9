import { isObject } from "../../schema/json.ts"
import { type Select, type SourceServer, selects } from "../model.ts"
import { readInputCondition } from "../spec/read-spec.ts"
import {
  elements,
  present,
  read,
  readExtra,
  readList,
  readText,
  requireText,
  type Written,
} from "./fields.ts"
import { readVersion } from "./identity.ts"

/** More servers than this behind one tool are a load balancer's work. */
const serversMax = 16

const fields: ReadonlySet<string> = new Set("server serverVersion tool when".split(" "))

/** The `servers` of a source; undefined when there is none that can be read, which is reported. */
export function readServers(from: Written): readonly SourceServer[] | undefined {
  const list = readList(from, "servers")
  if (list === undefined) return
  const pointer = `${from.pointer}/servers`
  if (list.length === 0 || list.length > serversMax)
    from.context.report({
      code: "invalid_value",
      severity: "error",
      pointer,
      message: `a tool has from 1 to ${serversMax} servers, and this has ${list.length}`,
      hint: "name the servers that provide the tool",
    })
  const servers = elements(list.slice(0, serversMax), pointer, from.context).flatMap((element) => {
    return readServer(element) ?? []
  })
  return servers.length === 0 ? undefined : servers
}

function readServer(from: Written): SourceServer | undefined {
  const { pointer, context } = from
  const extra = readExtra(from, fields)
  const server = requireText(from, "server", "name the server")
  const when = read(from, "when")
  if (server === undefined) return
  const made: SourceServer = {
    server,
    ...present({
      serverVersion: readVersion(from, "serverVersion", { kind: "server", name: server }),
      tool: readText(from, "tool"),
      when: when === undefined ? undefined : readInputCondition(when, `${pointer}/when`, context),
    }),
    extra,
  }
  if (isObject(made.when)) context.origins.set(made.when, `${pointer}/when`)
  return context.origins.set(made, pointer)
}

export function readSelect(from: Written): Select | undefined {
  const written = readText(from, "select")
  const known = selects.find((one) => one === written)
  if (written !== undefined && known === undefined)
    from.context.report({
      code: "invalid_value",
      severity: "error",
      pointer: `${from.pointer}/select`,
      message: `there is no selection ${JSON.stringify(written.slice(0, 64))}`,
      hint: `one of ${selects.join(", ")}`,
    })
  return known
}
