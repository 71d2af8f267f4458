// Proves the polyfill against what ECMAScript says of Promise.withResolvers; run by `node --test`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { withResolvers } from "./promise.mjs";

test("resolve settles the promise with the value", async () => {
  const { promise, resolve } = withResolvers.call(Promise);
  resolve("value");
  assert.equal(await promise, "value");
});

test("resolve adopts another promise", async () => {
  const { promise, resolve } = withResolvers.call(Promise);
  resolve(Promise.reject(new Error("inner")));
  await assert.rejects(promise, /inner/);
});

test("reject settles the promise with the reason", async () => {
  const { promise, reject } = withResolvers.call(Promise);
  reject(new Error("reason"));
  await assert.rejects(promise, /reason/);
});

test("only the first settlement counts", async () => {
  const { promise, resolve, reject } = withResolvers.call(Promise);
  resolve(1);
  resolve(2);
  reject(new Error("late"));
  assert.equal(await promise, 1);
});

test("a subclass gets promises of its own kind", () => {
  class Pledge extends Promise {}
  assert.ok(withResolvers.call(Pledge).promise instanceof Pledge);
});

test("a receiver that makes no promises is refused", () => {
  assert.throws(() => withResolvers.call(undefined), TypeError);
});

test("importing the module leaves the function on Promise, hidden from enumeration", async () => {
  const { promise, resolve } = Promise.withResolvers();
  resolve("there");
  assert.equal(await promise, "there");
  assert.ok(!Object.keys(Promise).includes("withResolvers"));
});
