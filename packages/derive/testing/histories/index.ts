export { isValidInHistories } from './accounts.ts'
export { firstDifference, runPipeline } from './comparePipeline.ts'
export { type HistoryScript, historyScript, POST_KINDS } from './script.ts'
export { type History, playHistory } from './world.ts'
