/** Codes of findings about AuthPolicies. */
import type { FaultMeaning } from './fault-meaning.ts';

export const AUTH_FAULT_CODES = {
  'auth-key-set-invalid': {
    severities: ['error'],
    text: 'A key set of an AuthPolicy cannot be used.',
    advice: 'see the message; [AuthPolicy](auth-policy.md) says which keys can verify tokens',
  },
  'auth-key-set-not-found': {
    severities: ['error'],
    text: 'The ConfigMap of a key set, or its key, does not exist.',
    advice: 'create it in the namespace of the policy',
  },
  'auth-key-set-secret': {
    severities: ['warning'],
    text: 'A key set contains private or symmetric keys.',
    advice: 'remove them, and replace the key pairs',
  },
  'auth-keys-shared': {
    severities: ['warning'],
    text: 'Clients share an API key.',
    advice: 'give each client a key of its own',
  },
  'auth-secret-not-found': {
    severities: ['error'],
    text: 'The Secret of an AuthPolicy does not exist: its targets are closed.',
    advice: 'create it in the namespace of the policy',
  },
  'auth-secret-unusable': {
    severities: ['error'],
    text: 'The Secret of an AuthPolicy has nothing that can be used: its targets are closed.',
    advice: 'see the message; [AuthPolicy](auth-policy.md) has the formats',
  },
  'auth-users-left-out': {
    severities: ['warning'],
    text: 'Lines of an htpasswd file cannot be used: their users cannot sign in.',
    advice: 'write the lines again with `htpasswd -B`',
  },
} as const satisfies Readonly<Record<string, FaultMeaning>>;
