import type { Ref } from "../registry/model.ts"
import { UsageError } from "./command.ts"

/** `name@version`, `name:version` or a bare `name`, as people type it. */
export function parseRef(text: string): Ref {
  const [, name, version] = /^([^@:]+)(?:[@:](.+))?$/.exec(text) ?? []
  if (name === undefined) {
    throw new UsageError(`${JSON.stringify(text)} is not a name; write name@version`)
  }
  return version === undefined ? { name } : { name, version }
}
