import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Abi, Hex } from 'viem'

/** What is used of a forge artifact. `immutableReferences`: AST id of the immutable → places in the runtime code. */
export type Artifact = {
  readonly abi: Abi
  readonly bytecode: Hex
  readonly deployedBytecode: Hex
  readonly immutableReferences: Readonly<Record<string, readonly { start: number; length: number }[]>>
}

const require = createRequire(import.meta.url)
const packageFolder = dirname(require.resolve('@eth-optimism/contracts-bedrock/package.json'))
const loaded = new Map<string, Promise<Artifact>>()

/** The artifact of a contract of `@eth-optimism/contracts-bedrock`, by contract name. Read once. */
export function loadArtifact(name: string): Promise<Artifact> {
  let artifact = loaded.get(name)
  if (!artifact) {
    artifact = readArtifact(name)
    loaded.set(name, artifact)
  }
  return artifact
}

async function readArtifact(name: string): Promise<Artifact> {
  const path = join(packageFolder, 'forge-artifacts', `${name}.sol`, `${name}.json`)
  const json = JSON.parse(await readFile(path, 'utf8')) as {
    abi: Abi
    bytecode: { object: Hex }
    deployedBytecode: { object: Hex; immutableReferences?: Artifact['immutableReferences'] }
  }
  return {
    abi: json.abi,
    bytecode: json.bytecode.object,
    deployedBytecode: json.deployedBytecode.object,
    immutableReferences: json.deployedBytecode.immutableReferences ?? {},
  }
}

/**
 * The runtime code of a contract with its immutables filled in, as its constructor would leave it.
 *
 * @param values - 32-byte words in the order in which the source declares the immutables (base contracts first)
 */
export async function runtimeCode(name: string, values: readonly Hex[] = []): Promise<Hex> {
  const { deployedBytecode, immutableReferences } = await loadArtifact(name)
  const ids = Object.keys(immutableReferences).sort((a, b) => Number(a) - Number(b))
  if (ids.length !== values.length) {
    throw new Error(`${name} has ${ids.length} immutables, ${values.length} values were given`)
  }
  let code: string = deployedBytecode
  ids.forEach((id, i) => {
    const word = (values[i] as Hex).slice(2)
    for (const { start, length } of immutableReferences[id] ?? []) {
      const from = 2 + start * 2
      code = code.slice(0, from) + word + code.slice(from + length * 2)
    }
  })
  return code as Hex
}
