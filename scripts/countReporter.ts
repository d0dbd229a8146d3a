import type { Reporter, TestModule } from 'vitest/node'

/** Fixtures that passed: used by a test that passed, and by none that failed. */
function fixtureSummary(passed: ReadonlySet<string>, failed: ReadonlySet<string>): string {
  const count = (prefix: string) => [...passed].filter((id) => id.startsWith(prefix) && !failed.has(id)).length
  const files = new Set([...passed].filter((id) => id.startsWith('vectors/')).map((id) => id.split('#')[0]))
  const parts = [
    `${count('exact:execution/')} real blocks`,
    `${count('exact:genesis/')} geneses`,
    `${count('derivation/')} derivation files`,
    `${count('vectors/')} vectors in ${files.size} files`,
  ]
  return `fixtures: ${parts.join(', ')}, ${failed.size === 0 ? 'all exact' : `${failed.size} failed`}`
}

/**
 * Ends a test run with which fixtures it covered, when there are any, and `N passed, N failed, N skipped` as the last
 * line. A block or a genesis counts when its hash was computed exactly; `fixtureUse.ts` says what each test used.
 */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    const used = { passed: new Set<string>(), failed: new Set<string>(), skipped: new Set<string>() }
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result()
        if (state === 'pending') continue
        count[state] += 1
        for (const id of test.meta().fixtures ?? []) used[state].add(id)
      }
      // A file that cannot be loaded, and a hook that fails, take their tests with them.
      for (const group of [module, ...module.children.allSuites()]) if (group.errors().length > 0) count.failed += 1
    }
    const lines = [`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`]
    if (used.passed.size + used.failed.size > 0) lines.unshift(fixtureSummary(used.passed, used.failed))
    setImmediate(() => process.stdout.write(`${lines.join('\n')}\n`))
  }
}
