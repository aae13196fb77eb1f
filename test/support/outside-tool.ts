/** Tools of others that tests fetch into the cache: a test whose tool cannot be had is skipped, with the reason. */

export type OutsideTool<Tool = string> =
  { readonly kind: 'tool'; readonly tool: Tool } | { readonly kind: 'missing'; readonly why: string };

export const missingTool = (why: string): { readonly kind: 'missing'; readonly why: string } => ({
  kind: 'missing',
  why,
});

/** What a command that could not fetch a tool said last, such as that there is no network. */
export function missingBecause(tool: string, error: unknown): ReturnType<typeof missingTool> {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return missingTool(`${tool} cannot be installed: ${said.trim().split('\n').at(-1)?.trim() ?? ''}`);
}
