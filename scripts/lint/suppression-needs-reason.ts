/** A local ESLint rule: every `eslint-disable` comment carries its reason after ` -- `. */
import type { Rule } from 'eslint';

const DIRECTIVE = /^\s*eslint-(?:disable|enable)(?:-next-line|-line)?\b/u;
const WITH_RULES_AND_REASON = /^\s*eslint-(?:enable|disable(?:-next-line|-line)?\s+\S[^]*?\s--\s+\S[^]{9,})/u;

export const suppressionNeedsReason: Rule.RuleModule = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { bare: 'Name the rules and say why: `eslint-disable-next-line RULE -- reason`.' },
  },
  create(context) {
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments()) {
          const suppresses = DIRECTIVE.test(comment.value);
          if (suppresses && !WITH_RULES_AND_REASON.test(comment.value) && comment.loc) {
            context.report({ loc: comment.loc, messageId: 'bare' });
          }
        }
      },
    };
  },
};
