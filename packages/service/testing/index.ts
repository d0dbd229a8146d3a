export * from './externalProcess.ts'
export * from './manualClock.ts'
export * from './recordedLogs.ts'
export * from './recordedMetrics.ts'
