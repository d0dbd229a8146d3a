import { TestRunner } from 'vitest'
import { reportFixtureUse } from '../packages/protocol/testing/fixtures.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** Ids of the fixtures that the test used. */
    fixtures?: string[]
  }
}

// Runs before each test file: what its tests use of the fixtures goes to the reporter with their results.
reportFixtureUse((id) => {
  const test = TestRunner.getCurrentTest()
  if (!test) return
  test.meta.fixtures ??= []
  if (!test.meta.fixtures.includes(id)) test.meta.fixtures.push(id)
})
