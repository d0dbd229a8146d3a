import packageJson from '../package.json' with { type: 'json' }

/** As op-node writes it: `<version>-<meta>`. */
export const VERSION = `v${packageJson.version}-keelson`
