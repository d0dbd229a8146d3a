export * from './devChain.ts'
export { type ExecutionFixture, executionFixtureNames, readExecutionFixture } from './executionFixture.ts'
