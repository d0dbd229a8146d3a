export * from './devChain.ts'
export * from './engineUnderTest.ts'
export { type ExecutionFixture, executionFixtureNames, readExecutionFixture } from './executionFixture.ts'
export {
  type ExternalEngine,
  type ExternalEngineOptions,
  externalEngines,
  startOpGeth,
  startOpReth,
} from './externalEngine.ts'
export * from './mineBlock.ts'
export * from './testContract.ts'
