import { describe, it } from 'vitest'

/** Variables that name the programs of others. */
export const BINARIES = ['OP_GETH_BIN', 'OP_NODE_BIN', 'OP_BATCHER_BIN', 'OP_PROPOSER_BIN'] as const

export type BinaryName = (typeof BINARIES)[number]

/** For one test: several programs share the machine, and anvil is slow with blobs. */
const TIMEOUT_MS = 240_000

/** Runs `suite` with the programs that the variables name; where one is missing, it is skipped and says which. */
export function describeWith<Name extends BinaryName>(
  names: readonly Name[],
  title: string,
  suite: (binaries: Readonly<Record<Name, string>>) => void,
): void {
  const missing = names.filter((name) => !process.env[name])
  if (missing.length === 0) {
    describe(title, { timeout: TIMEOUT_MS }, () =>
      suite(Object.fromEntries(names.map((name) => [name, process.env[name]])) as never),
    )
  } else {
    describe(title, () => it.skip(`skipped: name binaries with ${missing.join(', ')}`, () => {}))
  }
}
