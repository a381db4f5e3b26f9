export { createApi, type ApiOptions } from './server';
export { createMetrics, serveMetrics } from './metrics';
export { runApi } from './run';
