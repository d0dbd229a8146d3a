/**
 * How far an error reaches. Decided where the error is made, acted on in one place (the driver).
 *
 * - `temporary`: try the same thing again, with back-off.
 * - `reset`: what was assumed about L1 or L2 no longer holds: find the sync start again, rebuild the pipeline.
 * - `critical`: going on would be wrong: stop the process.
 */
export type Severity = 'temporary' | 'reset' | 'critical'

/** One row of an error table: severity and the sentence made from the typed data. */
export type ErrorRow = { severity: Severity; text: (data: never) => string }
export type ErrorTable = Record<string, ErrorRow>

type DataOf<Row extends ErrorRow> = Row['text'] extends (data: infer D) => string ? D : never

/** The union of `{ code, data }` pairs of a table: `switch (err.fault.code)` narrows `err.fault.data`. */
export type Fault<Table extends ErrorTable> = {
  [Code in keyof Table & string]: { readonly code: Code; readonly data: DataOf<Table[Code]> }
}[keyof Table & string]

type FaultArgs<Table extends ErrorTable> = {
  [Code in keyof Table & string]: [code: Code, data: DataOf<Table[Code]>, options?: ErrorOptions]
}[keyof Table & string]

/** What every coded error is, whichever table it comes from. */
export abstract class CodedError extends Error {
  abstract readonly severity: Severity
  abstract readonly fault: { readonly code: string; readonly data: unknown }
}

/**
 * Makes the error class of one table.
 *
 * `class CodecError extends codedError('CodecError', { truncated: { severity: 'critical', text: … } }) {}`
 * then `throw new CodecError('truncated', { need: 23, have: 4 }, { cause })`.
 */
export function codedError<const Table extends ErrorTable>(name: string, table: Table) {
  return class extends CodedError {
    static readonly table: Table = table
    override readonly name = name
    readonly severity: Severity
    readonly fault: Fault<Table>
    constructor(...[code, data, options]: FaultArgs<Table>) {
      const row = table[code] as ErrorRow
      super(row.text(data as never), options)
      this.severity = row.severity
      this.fault = { code, data } as unknown as Fault<Table>
    }
  }
}
