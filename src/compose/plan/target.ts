import { written } from "../../registry/model.ts"
import type { Target } from "./plan.ts"

/** What is called, for people: `name@version`, of an agent `name@version#skill`, past the registry `server@version/tool`. */
export function writtenTarget(target: Target): string {
  switch (target.kind) {
    case "tool":
      return written(target)
    case "agent":
      return `${written(target)}#${target.skill}`
    case "direct": {
      const { server, serverVersion, tool } = target
      return `${serverVersion === undefined ? server : `${server}@${serverVersion}`}/${tool}`
    }
  }
}
