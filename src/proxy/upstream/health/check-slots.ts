/**
 * Limits concurrent checks in this process. A free slot goes to the tenant with the fewest, and no tenant gets more than half:
 * hanging checks of one tenant do not block those of others.
 */

const PLACES = 256;

export interface SlotUser {
  /** Whose check it is: a namespace. */
  readonly tenant: string;
  /** A slot was granted; return it with `release`. */
  onSlot(): void;
}

interface Tenant {
  running: number;
  readonly waiting: Set<SlotUser>;
}

export class CheckSlots {
  readonly #places: number;
  readonly #tenants = new Map<string, Tenant>();
  #running = 0;
  #waiting = 0;

  constructor(places: number = PLACES) {
    this.#places = places;
  }

  /** `onSlot` follows, perhaps within the call. */
  request(user: SlotUser): void {
    let tenant = this.#tenants.get(user.tenant);
    if (tenant === undefined) {
      tenant = { running: 0, waiting: new Set() };
      this.#tenants.set(user.tenant, tenant);
    }
    if (this.#running < this.#places && this.#mayRun(tenant)) this.#start(tenant, user);
    else if (!tenant.waiting.has(user)) {
      tenant.waiting.add(user);
      this.#waiting++;
    }
  }

  /** Cancels a request that was not granted yet. */
  cancel(user: SlotUser): void {
    const tenant = this.#tenants.get(user.tenant);
    if (tenant?.waiting.delete(user) !== true) return;
    this.#waiting--;
    this.#forget(user.tenant, tenant);
  }

  release(user: SlotUser): void {
    const tenant = this.#tenants.get(user.tenant);
    if (tenant === undefined) return;
    this.#running--;
    tenant.running--;
    this.#forget(user.tenant, tenant);
    if (this.#waiting > 0) this.#startNext();
  }

  #mayRun({ running }: Tenant): boolean {
    return running < Math.max(1, this.#places >> 1);
  }

  #start(tenant: Tenant, user: SlotUser): void {
    tenant.running++;
    this.#running++;
    user.onSlot();
  }

  #startNext(): void {
    let poorest: Tenant | null = null;
    for (const tenant of this.#tenants.values()) {
      if (tenant.waiting.size === 0 || !this.#mayRun(tenant)) continue;
      if (poorest === null || tenant.running < poorest.running) poorest = tenant;
    }
    if (poorest === null) return;
    const [user] = poorest.waiting;
    if (user === undefined) return;
    poorest.waiting.delete(user);
    this.#waiting--;
    this.#start(poorest, user);
  }

  #forget(name: string, tenant: Tenant): void {
    if (tenant.running === 0 && tenant.waiting.size === 0) this.#tenants.delete(name);
  }
}
