import type { JsonObject, JsonSchema } from "../../schema/json.ts"
import type {
  CatalogTool,
  CompositionImplementation,
  ShownTool,
  SourceImplementation,
} from "../catalog.ts"
import type { Provision, ToolEntity } from "../model.ts"
import { type Concealment, shownSchema } from "./shown-schema.ts"

/** What a tool of the catalog is made from. */
export interface ToolParts {
  readonly entity: ToolEntity
  readonly implementation: SourceImplementation | CompositionImplementation
  readonly unavailable: string | undefined
  /** Own, or the provision's; self-contained. */
  readonly inputSchema: () => JsonSchema | undefined
  readonly outputSchema: () => JsonSchema | undefined
  /** What its provision says of it, where it is a tool of a server. */
  readonly provision: Pick<Provision, "title" | "description" | "execution" | "icons"> | undefined
  readonly annotations: JsonObject | undefined
}

const concealsNothing: Concealment = { hidden: new Set(), optional: new Set() }

/** A tool; what callers are shown of it is made when the first one asks, and kept. */
export class RegisteredTool implements CatalogTool {
  readonly name: string
  readonly version: string | undefined
  readonly entity: ToolEntity
  readonly implementation: SourceImplementation | CompositionImplementation
  readonly unavailable: string | undefined
  readonly #parts: ToolParts
  #shown: ShownTool | undefined

  constructor(parts: ToolParts) {
    this.name = parts.entity.name
    this.version = parts.entity.version
    this.entity = parts.entity
    this.implementation = parts.implementation
    this.unavailable = parts.unavailable
    this.#parts = parts
  }

  get shown(): ShownTool {
    this.#shown ??= this.#show()
    return this.#shown
  }

  #show(): ShownTool {
    const { entity, inputSchema, outputSchema, provision, annotations } = this.#parts
    return {
      title: entity.title ?? provision?.title,
      description: entity.description ?? provision?.description,
      inputSchema: shownSchema(inputSchema() ?? {}, this.#conceals()),
      outputSchema: outputSchema(),
      annotations,
      execution: entity.execution ?? provision?.execution,
      icons: entity.icons ?? provision?.icons,
    }
  }

  #conceals(): Concealment {
    if (this.implementation.kind === "composition") return concealsNothing
    const { hidden, defaults, perCaller } = this.implementation
    return { hidden, optional: new Set([...hidden, ...Object.keys(defaults), ...perCaller.keys()]) }
  }
}
