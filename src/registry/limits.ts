/** How much of a document is read; over a limit it is refused with `document_too_large` or `document_too_deep`. */
export interface LoadLimits {
  readonly documentBytesMax: number
  readonly depthMax: number
  readonly entitiesMax: number
  readonly dependsMax: number
}

export const defaultLoadLimits: LoadLimits = {
  documentBytesMax: 32 * 1024 * 1024,
  depthMax: 128,
  entitiesMax: 100_000,
  dependsMax: 1_000,
}
