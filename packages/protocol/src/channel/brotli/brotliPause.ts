/** Why decoding stands still: no input is left, what was decoded waits for its reader, or the stream is corrupt. */
export type BrotliPause = 'input' | 'output' | { readonly corrupt: string }

/** A part of the decoder that can stop anywhere, and goes on where it stopped. */
export type BrotliSteps<Result> = Generator<BrotliPause, Result, void>

/** The end of all steps. */
export function* corrupt(reason: string): BrotliSteps<never> {
  for (;;) yield { corrupt: reason }
}
