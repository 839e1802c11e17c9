import type { Origins } from "../origins.ts"
import type { Report } from "../problem.ts"
import type { DialectForm } from "./dialect-forms.ts"

/** The kinds of entities that have versions. */
export type Kind = "schema" | "server" | "tool" | "agent"

/** What every part of the normaliser is given: where to put what it finds, and how strict to be. */
export interface NormaliseContext {
  readonly report: Report
  /** Notes one use of a dialect form at the member spelled that way; reported once per form, with its count. */
  readonly dialect: (form: DialectForm, pointer: string) => void
  /** `error` in 2.0 documents, `warn` in 1.x and newer ones. */
  readonly unknownFieldSeverity: "error" | "warn"
  readonly origins: Origins
  /** Sources and direct calls of the canonical document whose server was spelled `target`: they may imply one. */
  readonly spelledTarget: Set<object>
  readonly isRegistered: (kind: Kind, name: string) => boolean
  /** The versions the document registers under that name, as written, up to a hundred; looks them up when a problem needs them. */
  readonly versionsOf: (kind: Kind, name: string) => readonly string[]
  /** Whether an entity without a version is worth a warning: in all documents but those of 1.x. */
  readonly versionIsExpected: boolean
  /** The most elements that one `depends` may have. */
  readonly dependsMax: number
}
