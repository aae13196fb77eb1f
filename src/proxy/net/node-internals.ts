/**
 * Whether the data plane may use internals of Node if this version has them: handles of sockets, requests
 * of writes, undocumented methods of buffers. Everything works without them, at a higher cost. The environment variable
 * `SLUICE_NODE_INTERNALS=off` is for tests, which run once more with every fallback forced (suite `fallbacks`).
 */
export const USES_NODE_INTERNALS =
  // eslint-disable-next-line no-restricted-globals -- a switch of tests, read once, that must reach every process
  process.env['SLUICE_NODE_INTERNALS'] !== 'off';
