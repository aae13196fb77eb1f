import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import { logRejections } from './rejections.ts';

test('an unhandled rejection is logged, and the process goes on', () => {
  const source = new EventEmitter();
  const errors: unknown[] = [];
  logRejections({ ...SILENT_LOGGER, error: (_, fields) => errors.push(fields?.['error']) }, source);
  source.emit('unhandledRejection', new Error('a planted defect'));
  source.emit('unhandledRejection', 'no error');
  assert.match(String(errors[0]), /a planted defect[^]*rejections\.test/);
  assert.equal(errors[1], 'no error');
});
