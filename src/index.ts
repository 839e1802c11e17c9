export { type Validated, type ValidateOptions, validate } from "./compose/validate.ts"
export type { Knob, Knobs } from "./registry/draft.ts"
export type {
  AgentEntity,
  Dependency,
  Entity,
  Provision,
  Ref,
  RegistryDocument,
  SchemaEntity,
  ServerEntity,
  Skill,
  ToolEntity,
  ToolSource,
  UnknownCallerPolicy,
} from "./registry/model.ts"
export { formatProblem, formatProblems } from "./registry/print-problems.ts"
export type { Problem, Severity } from "./registry/problem.ts"
export type { Json, JsonObject, JsonSchema } from "./schema/json.ts"
