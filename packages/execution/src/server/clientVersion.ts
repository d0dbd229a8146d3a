/** What `web3_clientVersion` says, in geth's form. */
export const CLIENT_VERSION = `keelson/v0.1.0/${process.platform}-${process.arch}/node${process.versions.node}`
