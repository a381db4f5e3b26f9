/** One project runs everything that needs no outside server; `mssql` needs TEST_MSSQL_URL. */
const common = {
  testEnvironment: 'node',
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
};
module.exports = {
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '\\.mssql\\.test\\.ts$'],
    },
    { ...common, displayName: 'mssql', testMatch: ['<rootDir>/test/**/*.mssql.test.ts'] },
  ],
  testTimeout: 120000,
};
