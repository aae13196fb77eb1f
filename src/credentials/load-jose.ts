/** jose, loaded with the first token: most proxies verify none, and each worker would pay for it in memory. */
import type * as jose from 'jose';

export type Jose = typeof jose;

let loading: Promise<Jose> | null = null;

export const loadJose = (): Promise<Jose> => (loading ??= import('jose'));
