export { explorerPage, type WatchedNode } from './page.ts'
