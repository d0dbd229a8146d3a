export * from './devChain.ts'
export { type ExecutionFixture, executionFixtureNames, readExecutionFixture } from './executionFixture.ts'
export * from './mineBlock.ts'
export * from './testContract.ts'
