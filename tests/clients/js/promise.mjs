// Promise.withResolvers for Node 20, which matrix-js-sdk 43 expects to find. Nothing else of newer Nodes belongs here.

/**
 * A promise with the functions that settle it (ECMAScript 2024, Promise.withResolvers).
 * @template T
 * @this {PromiseConstructor}
 * @returns {{promise: Promise<T>, resolve: (value: T | PromiseLike<T>) => void, reject: (reason?: unknown) => void}}
 */
export function withResolvers() {
  let settle;
  const promise = new this((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...settle };
}

if (!("withResolvers" in Promise)) {
  Object.defineProperty(Promise, "withResolvers", { value: withResolvers, writable: true, configurable: true });
}
