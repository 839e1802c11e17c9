/** A schema that cannot be relied on: what is checked against it counts as a misfit. */
export interface SchemaTrouble {
  readonly digest: string
  readonly kind: "refused" | "does_not_compile" | "crashed" | "out_of_budget"
  readonly message: string
}
