import type { WatchedNode } from './page.ts'

type Ref = { hash: string; number: number; timestamp: number }
type Status = { head_l1: Ref; current_l1: Ref; unsafe_l2: Ref; safe_l2: Ref; finalized_l2: Ref }
type Block = { number: string; hash: string; timestamp: string; gasUsed: string; transactions: string[] }
type Incident = { kind: string; at: string; count: number; code: string; reason: string }
type Explanation = { doing: string; since: string; resets: Incident[]; errors: Incident[]; drops: Incident[] }

/**
 * The page's program: polls each node and redraws. Everything shown comes over the nodes' public RPC.
 *
 * It is written into the page as its own source, so nothing outside its body may be used.
 */
export function explorerApp(nodes: readonly WatchedNode[]): void {
  const BLOCKS_SHOWN = 12
  async function rpc<T>(url: string, method: string, params: unknown[] = []): Promise<T> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    const { result, error } = (await response.json()) as { result: T; error?: { message: string } }
    if (error) throw new Error(error.message)
    return result
  }

  function element(name: string, text = '', children: readonly Node[] = []): HTMLElement {
    const made = document.createElement(name)
    if (text) made.textContent = text
    made.append(...children)
    return made
  }

  function table(head: readonly string[], rows: readonly (readonly string[])[]): HTMLElement {
    const headRow = element(
      'tr',
      '',
      head.map((cell) => element('th', cell)),
    )
    return element('table', '', [
      headRow,
      ...rows.map((row) =>
        element(
          'tr',
          '',
          row.map((cell) => element('td', cell)),
        ),
      ),
    ])
  }

  function show(id: string, title: string, content: Node): void {
    document.getElementById(id)?.replaceChildren(element('h2', title), content)
  }

  const short = (hash: string) => `${hash.slice(0, 10)}…${hash.slice(-4)}`

  async function drawHeads(): Promise<void> {
    const rows = await Promise.all(
      nodes.map(async ({ name, rollupRpc }) => {
        try {
          const s = await rpc<Status>(rollupRpc, 'optimism_syncStatus')
          const heads = [s.unsafe_l2, s.safe_l2, s.finalized_l2, s.head_l1, s.current_l1]
          return [name, ...heads.map((ref) => String(ref.number)), short(s.safe_l2.hash)]
        } catch (error) {
          return [name, `does not answer: ${(error as Error).message}`]
        }
      }),
    )
    show('heads', 'Heads', table(['node', 'unsafe', 'safe', 'finalized', 'L1 head', 'L1 derived', 'safe hash'], rows))
  }

  async function drawBlocks(): Promise<void> {
    const [first] = nodes
    if (!first) return
    const head = Number(await rpc<string>(first.ethRpc, 'eth_blockNumber'))
    const numbers = Array.from({ length: Math.min(BLOCKS_SHOWN, head + 1) }, (_, i) => head - i)
    const blocks = await Promise.all(
      numbers.map((n) => rpc<Block>(first.ethRpc, 'eth_getBlockByNumber', [`0x${n.toString(16)}`, false])),
    )
    const rows = blocks.map((block) => [
      String(Number(block.number)),
      short(block.hash),
      new Date(Number(block.timestamp) * 1000).toLocaleTimeString(),
      String(block.transactions.length),
      Number(block.gasUsed).toLocaleString('en'),
    ])
    show('blocks', `Blocks of ${first.name}`, table(['number', 'hash', 'time', 'transactions', 'gas'], rows))
  }

  async function drawWhy(): Promise<void> {
    const rows = await Promise.all(
      nodes.map(async ({ name, rollupRpc }) => {
        const why = await rpc<Explanation>(rollupRpc, 'keelson_explain').catch(() => null)
        const last = why && [...why.resets, ...why.errors, ...why.drops].sort((x, y) => (x.at < y.at ? 1 : -1))[0]
        return [name, why?.doing ?? 'does not say', why?.since ?? '', last ? `${last.at}: ${last.reason}` : 'nothing']
      }),
    )
    show('why', 'What each node does now', table(['node', 'doing', 'since', 'last that did not go straight'], rows))
  }

  async function redraw(): Promise<void> {
    await Promise.allSettled([drawHeads(), drawBlocks(), drawWhy()])
    setTimeout(() => void redraw(), 1000)
  }

  void redraw()
}
