import type { Io } from "./command.ts"

/** Who works here, for a file that keeps it; undefined where the environment does not say. */
export const actorOf = ({ env }: Io): string | undefined =>
  env["POSTERN_ACTOR"] ?? env["USER"] ?? env["LOGNAME"] ?? env["USERNAME"]
