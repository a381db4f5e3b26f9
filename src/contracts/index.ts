export * from './names';
export * from './messages';
export * from './errors';
export * from './metrics';
