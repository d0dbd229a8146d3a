import { explorerApp } from './app.ts'

/** One rollup node that the page watches: its rollup RPC and the eth RPC of its engine, reachable from the browser. */
export type WatchedNode = { readonly name: string; readonly rollupRpc: string; readonly ethRpc: string }

/** The page as HTML, with its program in it. */
export function explorerPage(nodes: readonly WatchedNode[]): string {
  const config = JSON.stringify(nodes).replaceAll('<', '\\u003c')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Keelson</title>
<style>
  :root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
  body { margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
  h1 { font-size: 1.3rem; } h2 { font-size: 1rem; margin-top: 2rem; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .25rem .75rem .25rem 0; font-variant-numeric: tabular-nums; }
  th { font-weight: 500; opacity: .7; } tr + tr td { border-top: 1px solid #8884; }
  code { font-size: .85rem; } .bad { color: #c33; }
</style>
</head>
<body>
<h1>Keelson</h1>
<section id="heads" aria-live="polite"></section>
<section id="blocks"></section>
<section id="why"></section>
<script type="application/json" id="nodes">${config}</script>
<script type="module">
const nodes = JSON.parse(document.getElementById('nodes').textContent);
(${explorerApp})(nodes)
</script>
</body>
</html>
`
}
