import { expect, it } from 'vitest'
import { explorerPage } from './page.ts'

it('writes the watched nodes into the page without letting a name close the script', () => {
  const html = explorerPage([{ name: '</script><b>', rollupRpc: 'http://127.0.0.1:1', ethRpc: 'http://127.0.0.1:2' }])
  expect(html).not.toContain('</script><b>')
  const json = /id="nodes">(.*?)<\/script>/.exec(html)?.[1] ?? ''
  expect(JSON.parse(json)).toEqual([
    { name: '</script><b>', rollupRpc: 'http://127.0.0.1:1', ethRpc: 'http://127.0.0.1:2' },
  ])
})
