export interface GreetingFilter {
  readonly kind: 'greeting';
  readonly text: string;
}
