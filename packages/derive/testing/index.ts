export * from './memoryL1.ts'
export * from './memoryL2.ts'
export * from './pipelineFixture.ts'
