export type { Ref } from "./registry/model.ts"
