type Quantity = string | number | bigint

/** One account of the allocation. Balances and nonces are hex or decimal; storage maps 32-byte words. */
export type GenesisAccount = {
  readonly balance?: Quantity | null
  readonly nonce?: Quantity | null
  readonly code?: string | null
  readonly storage?: Readonly<Record<string, string>> | null
}

/** The parts of op-geth's `genesis.json` that execution reads. Addresses may come without `0x`. */
export type GenesisJson = {
  readonly config?: {
    readonly chainId?: Quantity
    readonly regolithTime?: Quantity | null
    readonly canyonTime?: Quantity | null
    readonly ecotoneTime?: Quantity | null
    readonly fjordTime?: Quantity | null
    readonly graniteTime?: Quantity | null
    readonly holoceneTime?: Quantity | null
    readonly isthmusTime?: Quantity | null
    readonly jovianTime?: Quantity | null
    readonly karstTime?: Quantity | null
    readonly optimism?: {
      readonly eip1559Elasticity?: Quantity
      readonly eip1559Denominator?: Quantity
      readonly eip1559DenominatorCanyon?: Quantity
    }
  } | null
  readonly nonce?: Quantity
  readonly timestamp?: Quantity
  readonly extraData?: string
  readonly gasLimit: Quantity
  readonly difficulty?: Quantity
  readonly mixHash?: string
  readonly coinbase?: string
  readonly alloc: Readonly<Record<string, GenesisAccount>>
  readonly number?: Quantity
  readonly gasUsed?: Quantity
  readonly parentHash?: string
  readonly baseFeePerGas?: Quantity | null
  readonly excessBlobGas?: Quantity | null
  readonly blobGasUsed?: Quantity | null
  readonly parentBeaconBlockRoot?: string | null
  /** Known state root of a genesis whose allocation is not part of the file. */
  readonly stateHash?: string | null
}
