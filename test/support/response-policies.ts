/** Values of ResponsePolicies for hand-written configurations: what is not said is off. */
import type { ErrorPage, ResponseSettings, ResponseValue } from '../../src/ir/response.ts';

export const responseValue = (change: Partial<ResponseSettings>): ResponseValue => ({
  kind: 'response',
  settings: {
    headers: { set: [], add: [], remove: [], setIfAbsent: [] },
    hsts: null,
    errorPages: [],
    maintenance: null,
    ...change,
  },
  from: [{ kind: 'ResponsePolicy', namespace: 'test', name: 'responses' }],
});

/** For any response of the gateway, unless it says otherwise. */
export const errorPage = (text: string, change: Partial<ErrorPage> = {}): ErrorPage => ({
  statuses: null,
  reasons: null,
  of: 'gateway',
  accept: null,
  status: null,
  body: { text, contentType: 'text/html; charset=utf-8' },
  ...change,
});
