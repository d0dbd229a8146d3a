export * from './fakeBatcher.ts'
export * from './fakeGossip.ts'
export * from './fakeL1.ts'
export * from './nodeHarness.ts'
