/** What is declared by name, each made when it is first asked for. */
export class Declarations<T> {
  readonly #made = new Map<string, T>();
  readonly #make = new Map<string, () => T>();

  declare(name: string, make: () => T): void {
    this.#make.set(name, make);
  }

  get(name: string): T | undefined {
    const known = this.#made.get(name);
    if (known !== undefined) return known;
    const made = this.#make.get(name)?.();
    if (made !== undefined) this.#made.set(name, made);
    return made;
  }

  values(): T[] {
    return [...this.#make.keys()].map((name) => this.get(name) as T);
  }
}
