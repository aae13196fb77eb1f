/** English plurals of the words that Kubernetes makes kinds of: `2 Ingresses`, `1 policy`, `3 NetworkPolicies`. */
export function countOf(amount: number, word: string): string {
  return `${String(amount)} ${amount === 1 ? word : pluralOf(word)}`;
}

function pluralOf(word: string): string {
  if (/[^aeiou]y$/i.test(word)) return `${word.slice(0, -1)}ies`;
  return /(s|x|ch|sh)$/i.test(word) ? `${word}es` : `${word}s`;
}
