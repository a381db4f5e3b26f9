export { dataCentreNames, type LogLevel } from './environment';
export { loadConfig, loadPayloadKeys, describeVariables } from './load';
export { parseDuration, durationShape } from './duration';
export { ConfigError, type Config, type ModuleConfig, type ZohoConfig } from './config';
