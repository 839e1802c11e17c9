/** The cancellation of a call is that of the interpreter: what cancels a composition cancels its calls. */
export { type Cancellable, Cancellation } from "../compose/run/cancellation.ts"
