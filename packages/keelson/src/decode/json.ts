import type { DecodeReport } from './report.ts'

/** The report as JSON: integers are numbers where a double holds them exactly, else decimal strings. */
export function reportToJson(report: DecodeReport): string {
  return JSON.stringify(
    report,
    (_, value) => {
      if (typeof value !== 'bigint') return value
      return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value.toString()
    },
    2,
  )
}
