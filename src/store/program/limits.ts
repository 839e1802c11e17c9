import { defaultLoadLimits } from "../../registry/limits.ts"

/** What a registry program may take. */
export interface ProgramLimits {
  readonly timeMs: number
  /** Of the JavaScript heap. */
  readonly memoryBytes: number
  readonly documentBytes: number
}

export const defaultProgramLimits: ProgramLimits = {
  timeMs: 10_000,
  memoryBytes: 512 * 1024 * 1024,
  documentBytes: defaultLoadLimits.documentBytesMax,
}
