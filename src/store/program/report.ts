/** What the process of a program says about the document that it gave, or why it gave none. */
export interface Report {
  /** Why there is no document. */
  readonly message?: string
  /** Of the error, where one was thrown. */
  readonly stack?: string
  /** Where the parts of the document were written: pointer, file, line and column. */
  readonly places?: readonly (readonly [string, string, number, number])[]
  /** The files that the program consists of, packages aside. */
  readonly modules: readonly string[]
}
