#!/usr/bin/env node
// What npx and npm link put on the path. A file of the repository and not of the build, so that it is there, and may be run, before and after each.
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const main = join(__dirname, '..', 'dist', 'src', 'cli', 'main.js');
if (existsSync(main)) require(main);
else {
  process.stderr.write('zoho-mirror: not built yet. Build it: npm run build\n');
  process.exitCode = 2;
}
