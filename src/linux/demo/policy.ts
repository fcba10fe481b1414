/** The shortest policy there is: everything that `default` knows, on the side that faces the world. */
export const demoPolicy = `version: 1
interfaces: { wan: wan0 }
protect: { wan: default }
`
