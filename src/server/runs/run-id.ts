import { randomId } from "../random-id.ts"

/**
 * 128 random bits after the time at which it was made: nobody can guess one, and those made together are together in an
 * index. It begins with a digit or a letter, because operators type it after a command, where a dash would begin an
 * option.
 */
export const newRunId = (nowMs: number): string =>
  `${Math.floor(nowMs).toString(36)}${randomId("base64url")}`
