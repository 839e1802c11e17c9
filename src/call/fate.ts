/**
 * What became of a request that has no good answer, as far as anybody can tell. It decides whether a composition may try
 * again, and whether something has to be undone.
 *
 * - `unsent`: it never left, so nothing happened
 * - `busy`: turned away before it ran; another time may do
 * - `rejected`: turned away before it ran, and would be again
 * - `lost`: it left, and the connection broke before the answer
 * - `late`: it left, and the answer did not come in time
 * - `failing`: the server, or what stands before it, answered that something went wrong
 * - `malformed`: it was answered with what is no answer
 * - `oversize`: it was carried out, and the answer is larger than a limit
 */
export type Fate =
  | "unsent"
  | "busy"
  | "rejected"
  | "lost"
  | "late"
  | "failing"
  | "malformed"
  | "oversize"
