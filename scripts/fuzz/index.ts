import type { FuzzTarget } from './target.ts'

/** Groups of targets; a group loads only what it attacks. */
export const FUZZ_GROUPS: Readonly<Record<string, () => Promise<FuzzTarget[]>>> = {
  channel: async () => (await import('./channelTargets.ts')).channelTargets(),
  engine: async () => (await import('./engineTargets.ts')).engineTargets(),
  data: async () => (await import('./dataTargets.ts')).dataTargets(),
  p2p: async () => (await import('./p2pTargets.ts')).p2pTargets(),
}

/** The targets that `which` names: `all`, a group, or names joined by commas. */
export async function fuzzTargets(which: string): Promise<FuzzTarget[]> {
  const wanted = new Set(which.split(','))
  const targets: FuzzTarget[] = []
  for (const [group, load] of Object.entries(FUZZ_GROUPS)) {
    for (const target of await load()) {
      if (wanted.has('all') || wanted.has(group) || wanted.has(target.name)) targets.push(target)
    }
  }
  return targets
}
