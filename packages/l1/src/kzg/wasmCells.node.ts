import { bytesToHex, hexToBytes } from '@keelson/protocol'

/** Loads `kzg-wasm` with the whole setup (it takes seconds) for the one thing only it can do here: cell proofs. */
export async function loadWasmCellProofs(): Promise<(blob: Uint8Array) => Uint8Array[]> {
  const { loadKZG } = await import('kzg-wasm')
  const kzg = await loadKZG()
  return (blob) => kzg.computeCellsAndProofs(bytesToHex(blob))[1].map(hexToBytes)
}
