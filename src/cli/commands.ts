import { auditVerify } from "./audit-verify.ts"
import { call } from "./call.ts"
import type { Command } from "./command.ts"
import { explain } from "./explain.ts"
import { migrate } from "./migrate.ts"
import { schema } from "./schema.ts"
import { serve } from "./serve.ts"
import { tools } from "./tools.ts"
import { validate } from "./validate.ts"

/** Every command, in the order of help. */
export const commands: readonly Command[] = [
  serve,
  validate,
  migrate,
  schema,
  explain,
  tools,
  call,
  auditVerify,
]
