/** Codes of findings about extensions and configured responses. */
import type { FaultMeaning } from './fault-meaning.ts';

export const EXTENSION_FAULT_CODES = {
  'body-not-found': {
    severities: ['error'],
    text: 'The ConfigMap of a body, or its key, does not exist.',
    advice: 'create it in the namespace of the object that refers to it',
  },
  'body-too-long': {
    severities: ['error'],
    text: 'An inline body is too long.',
    advice: 'move it to a ConfigMap',
  },
  'error-page-reason': {
    severities: ['warning'],
    text: 'An error page is for a reason code that does not exist.',
    advice: 'use one of the [reason codes](reasons.md)',
  },
  'extension-invalid': {
    severities: ['error'],
    text: 'The object that an ExtensionRef names is invalid: what refers to it responds with 500.',
    advice: 'fix the object; its status has the error',
  },
  'extension-ref': {
    severities: ['error'],
    text: 'The extension does not exist: the rule responds with 500.',
    advice:
      'create it in the namespace of the route, use a kind that [ExtensionRef](extension-ref.md) lists, or remove the filter',
  },
  'hsts-preload': {
    severities: ['warning'],
    text: 'HSTS asks for preloading without the settings that the lists of browsers need.',
    advice: 'set `includeSubDomains: true` and a `maxAge` of at least a year',
  },
  rewrite: {
    severities: ['error'],
    text: 'A RewriteFilter refers to groups that its pattern, or a match of the rule, does not have.',
    advice: 'see the message',
  },
} as const satisfies Readonly<Record<string, FaultMeaning>>;
