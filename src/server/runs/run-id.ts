import { randomId } from "../random-id.ts"

/**
 * 128 random bits behind the time at which it was made: nobody guesses one, and those that are made together stand together
 * in an index. It begins with a digit or a letter, for operators type it behind a command, where a dash would begin an option.
 */
export const newRunId = (nowMs: number): string =>
  `${Math.floor(nowMs).toString(36)}${randomId("base64url")}`
