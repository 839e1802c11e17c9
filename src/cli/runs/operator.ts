import type { Given, Io } from "../command.ts"

/** Who is at the keyboard. */
export const operatorOf = (given: Given, io: Io): string | undefined =>
  given.text("operator") ?? io.env["POSTERN_OPERATOR"] ?? io.env["USER"]
