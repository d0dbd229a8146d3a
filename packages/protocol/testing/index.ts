export * from './fixtures.ts'
