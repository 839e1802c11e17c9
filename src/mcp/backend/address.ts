import type { Authorization } from "./credentials/authorization.ts"
import type { Isolation } from "./lane.ts"
import type { SecretFile, SecretText } from "./secret-text.ts"

/** Where a server version lives and how it is spoken to: one entry of the configuration's `servers`. */
export type Address = HttpAddress | StdioAddress

export interface HttpAddress {
  readonly kind: "http"
  readonly url: string
  /** Sent with every request; secrets already resolved. Names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** Headers whose values stand in files, which may be replaced. Names in lower case. */
  readonly headerFiles?: ReadonlyMap<string, SecretFile>
  /** How a token is had that is sent with every request, too. */
  readonly authorization?: Authorization
  /** Started by the gateway and spoken to over `url`; undefined when someone else runs the server. */
  readonly process: Command | undefined
  readonly options: BackendOptions
}

/** Whether a server is called with the identity of each caller. */
export const isForCallers = (address: Address): boolean =>
  address.kind === "http" && address.authorization?.kind === "token_exchange"

export interface StdioAddress {
  readonly kind: "stdio"
  readonly process: Command
  readonly options: BackendOptions
}

/** An argv array, never a shell line. From local configuration only, never from a registry. */
export interface Command {
  readonly command: string
  readonly args: readonly string[]
  /** Added to the small allow-list of inherited variables. What stands in a file is read when the program starts. */
  readonly env: ReadonlyMap<string, SecretText>
  readonly cwd: string | undefined
}

export interface BackendOptions {
  /** `auto` probes with `server/discover`. */
  readonly era: "auto" | "legacy" | "modern"
  /** How far callers share what a legacy server keeps for a session. */
  readonly isolation: Isolation
  /** From the call's arrival at the backend to its answer. Default 60,000. */
  readonly timeoutMs: number
  /** Calls in flight at once; more wait. Default 64. */
  readonly concurrencyMax: number
  /** Calls waiting; more are refused as overloaded. Default 1,024. */
  readonly queueMax: number
  /** Bytes of one answer (or one line on stdout). Default 16 MiB. */
  readonly answerBytesMax: number
}
