// Jest runs native ES modules (client-node is ESM only), hence --experimental-vm-modules in test/run.ts.
export default {
  testEnvironment: '<rootDir>/test/runner/environment.ts',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' }, sourceMaps: 'inline' },
    ],
  },
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  testSequencer: '<rootDir>/test/longest-first.js',
  // For what hangs without saying so, and no test has another: `waitFor` gives up far earlier, and says for what it waited.
  testTimeout: 3_600_000,
};
