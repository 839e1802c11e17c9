export { type Validated, type ValidateOptions, validate } from "./compose/validate.ts"
export {
  type Agent,
  type AgentSkill,
  agent,
  agentNamed,
  type Card,
  type SkillCard,
} from "./dsl/agent.ts"
export { asWritten } from "./dsl/as-written.ts"
export { type Exact, unversioned } from "./dsl/exact.ts"
export { pipeline, saga, scatterGather, type Target } from "./dsl/graphs.ts"
export { approve, type Callable, choose, type Operation, pinned, value } from "./dsl/operation.ts"
export {
  at,
  type Binding,
  type Bound,
  error,
  input,
  item,
  type PathOf,
  type Step,
  self,
} from "./dsl/path.ts"
export * from "./dsl/patterns.ts"
export type * from "./dsl/policies.ts"
export { type RegistryOptions, registry } from "./dsl/registry.ts"
export { type Registered, schema } from "./dsl/schema.ts"
export {
  anyOf,
  type Provided,
  type Server,
  type Source,
  server,
  serverNamed,
} from "./dsl/server.ts"
export type { Spec } from "./dsl/spec.ts"
export type * from "./dsl/spelled.ts"
export type {
  Given,
  PipelineStep,
  SagaStep,
  SagaStepOptions,
  StepOptions,
  Undo,
} from "./dsl/steps.ts"
export { type Tool, tool, toolNamed } from "./dsl/tool.ts"
export {
  type Cel,
  cel,
  coalesce,
  concat,
  constant,
  eachOf,
  merge,
  ops,
  template,
  type Value,
} from "./dsl/value.ts"
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
