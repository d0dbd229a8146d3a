import { describe, expect, it } from 'vitest'
import { testConfig } from '../testing/index.ts'
import { blocksTopic, blockVersionAt } from './topics.ts'

const config = testConfig({
  regolith: 0n,
  canyon: 100n,
  delta: 110n,
  ecotone: 200n,
  fjord: 210n,
  granite: 220n,
  holocene: 230n,
  isthmus: 300n,
  jovian: 310n,
  karst: 320n,
})

describe('block topics', () => {
  it('[P2P-039] are /optimism/<chain id>/<version>/blocks in decimal', () => {
    expect(blocksTopic(10n, 0)).toBe('/optimism/10/0/blocks')
    expect(blocksTopic(11155420n, 3)).toBe('/optimism/11155420/3/blocks')
  })

  it('[P2P-042] Bedrock and Regolith blocks are on version 0', () => {
    expect([0n, 99n].map((time) => blockVersionAt(config, time))).toEqual([0, 0])
  })

  it('[P2P-043] Canyon and Delta blocks are on version 1', () => {
    expect([100n, 110n, 199n].map((time) => blockVersionAt(config, time))).toEqual([1, 1, 1])
  })

  it('[P2P-044] Ecotone to Holocene blocks are on version 2', () => {
    expect([200n, 210n, 220n, 230n, 299n].map((time) => blockVersionAt(config, time))).toEqual([2, 2, 2, 2, 2])
  })

  it('[P2P-045] Isthmus, Jovian and Karst blocks are on version 3', () => {
    expect([300n, 310n, 320n].map((time) => blockVersionAt(config, time))).toEqual([3, 3, 3])
  })
})
