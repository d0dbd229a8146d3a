export * from './engineServer.ts'
export * from './ethServer.ts'
