import type { Journal } from "../../src/compose/run/durable/journal.ts"
import { MemoryJournal } from "../../src/store/journal/memory-journal.ts"

/**
 * Where durable runs of tests are kept that bring no journal of their own. A file that plays a suite somewhere else says so
 * before it loads it.
 */
export const setting: { open: () => Journal; isReplaying: boolean } = {
  open: () => new MemoryJournal(),
  isReplaying: false,
}
