export * from './errors.ts'
export * from './l1Api.ts'
export * from './txApi.ts'
