import type { Journal } from './journal.ts'

/** Stands in for the journal where there is no disk: remembers nothing. */
export function openJournal(_folder: string): Journal {
  return { count: 0, read: () => [], append: () => {}, rewrite: () => {}, close: () => {} }
}
