export { createCodecServer, type CodecServerOptions } from './server';
