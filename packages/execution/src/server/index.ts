export * from './engineServer.ts'
export * from './ethServer.ts'
export * from './executionFlags.ts'
export * from './executionService.ts'
