import type { ErrorClass } from "../../plan/policies.ts"

/** The code of refusals (DESIGN §8) that a failure of each class is told under. */
export const refusalCodes = {
  denied: "undeclared_dependency",
  input: "invalid_input",
  binding: "invalid_input",
  budget: "overloaded",
  circuitOpen: "backend_unavailable",
  throttled: "rate_limited",
  transport: "backend_unavailable",
  timeout: "backend_timeout",
  unavailable: "backend_unavailable",
  protocol: "backend_error",
  tool: "backend_error",
  output: "invalid_output",
  declined: "cancelled",
  conflict: "run_conflict",
  cancelled: "cancelled",
  deadline: "backend_timeout",
  journal: "overloaded",
} as const satisfies Record<ErrorClass, string>
