export { dataCentreNames, type LogLevel } from './environment';
export { envFile, loadEnvFile, parseEnvFile } from './env-file';
export { loadConfig, loadPayloadKeys, describeVariables } from './load';
export { parseDuration, durationShape } from './duration';
export { ConfigError, type Config, type ModuleConfig, type ZohoConfig } from './config';
