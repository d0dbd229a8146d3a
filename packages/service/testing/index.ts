export * from './manualClock.ts'
export * from './recordedLogs.ts'
export * from './recordedMetrics.ts'
