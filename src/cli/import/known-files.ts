import { existsSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"

const inProject = [".mcp.json", ".vscode/mcp.json", ".cursor/mcp.json"]
const atHome = [
  ".cursor/mcp.json",
  ".claude.json",
  "Library/Application Support/Claude/claude_desktop_config.json",
  "AppData/Roaming/Claude/claude_desktop_config.json",
  ".config/Claude/claude_desktop_config.json",
  ".codeium/windsurf/mcp_config.json",
  ".gemini/settings.json",
]

/** Where clients keep their servers: those files that are there. They are named, and never read unasked. */
export const knownFiles = (): readonly string[] =>
  [...inProject, ...atHome.map((path) => join(homedir(), path))].filter((path) => existsSync(path))
