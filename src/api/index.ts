export { createApi, type ApiOptions } from './server';
export { runApi } from './run';
