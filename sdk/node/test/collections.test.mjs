// What ordered collections have in common with arrays, and where they differ.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import Realm, { AssertionError, BSON, TypeAssertionError } from "tombolo";

const Item = {
  name: "Item",
  properties: {
    x: "int",
    ints: "int[]",
    floats: "float[]",
    dates: "date[]",
    binaries: "data[]",
    ids: "objectId[]",
    decimals: "decimal128<>",
    sizes: "int{}",
    items: "Item[]",
    byName: "Item{}",
  },
};

let realm;
let first;
beforeEach(() => {
  realm = new Realm({ path: "collections", inMemory: true, schema: [Item] });
  first = realm.write(() => realm.create("Item", { x: 0, ints: [3, 1, 2] }));
});
afterEach(() => realm.close());

describe("an ordered collection", () => {
  it("finds values as they would be stored", () => {
    const id = new BSON.ObjectId();
    realm.write(() => {
      first.floats = [1.1];
      first.dates = [new Date(5)];
      first.binaries = [new Uint8Array([1, 2])];
      first.ids = [id];
      first.decimals = [BSON.Decimal128.fromString("1.5")];
    });

    assert.equal(first.ints.indexOf(2n), 2);
    assert.equal(first.floats.indexOf(1.1), 0);
    assert.equal(first.dates.indexOf(new Date(5)), 0);
    assert.equal(first.binaries.indexOf(new Uint8Array([0, 1, 2]).subarray(1)), 0);
    assert.equal(first.ids.indexOf(new BSON.ObjectId(id.toHexString())), 0);
    assert.ok(first.decimals.has(BSON.Decimal128.fromString("1.5")));
    for (const other of ["x", 1.5, null, undefined, {}, 9]) {
      assert.equal(first.ints.indexOf(other), -1, String(other));
    }
    assert.throws(() => first.ints.includes(3, 1), AssertionError);
  });

  it("looks for objects only, where it is one of objects", () => {
    const all = realm.objects("Item");

    assert.equal(all.indexOf(first), 0);
    assert.throws(() => all.indexOf({ x: 0 }), TypeAssertionError);
    assert.throws(() => first.items.includes(3), TypeAssertionError);
  });

  it("is a text and is reduced as an array", () => {
    assert.equal(String(first.ints), "3,1,2");
    assert.equal(first.ints.toLocaleString(), [3, 1, 2].toLocaleString());
    assert.equal(
      first.ints.reduce((sum, value) => sum + value),
      6,
    );
    assert.equal(
      first.ints.reduceRight((text, value) => text + value, ""),
      "213",
    );
    assert.throws(() => first.items.reduce((sum) => sum), TypeError);
  });

  it("stays in its order without descriptors", () => {
    const same = first.ints.sorted([]);

    realm.write(() => first.ints.push(0));
    assert.deepEqual([...same], [3, 1, 2, 0]);
  });

  it("is not sorted by a dictionary without a key", () => {
    realm.write(() => {
      first.sizes = { large: 2 };
      realm.create("Item", { x: 1, sizes: { large: 1 } });
    });

    const sorted = realm.objects("Item").sorted("sizes[large]");
    assert.deepEqual(
      sorted.map(({ x }) => x),
      [1, 0],
    );
    assert.throws(() => realm.objects("Item").sorted("sizes.large"), /missing dictionary key/);
  });
});

describe("an iteration", () => {
  const kinds = {
    results: () => realm.objects("Item").filtered("x > 0"),
    list: () => first.items,
    "dictionary's values": () => first.byName.values(),
    "list's entries": () => [...first.items.entries()].length && mapped(first.items.entries()),
  };
  function* mapped(entries) {
    for (const [, value] of entries) yield value;
  }
  beforeEach(() =>
    realm.write(() => {
      for (let x = 1; x < 5; ++x) {
        const item = realm.create("Item", { x });
        first.items.push(item);
        first.byName[`item ${x}`] = item;
      }
    }),
  );

  for (const [name, make] of Object.entries(kinds)) {
    it(`over ${name} shows what there was at its start, null for what has gone`, () => {
      const seen = [];
      realm.write(() => {
        for (const item of make()) {
          seen.push(item && item.x);
          if (item?.x === 1) realm.delete(realm.objects("Item").filtered("x IN {2, 4}"));
        }
      });
      assert.deepEqual(seen, [1, null, 3, null]);
    });
  }

  it("shows null for the last of very many that has gone", () => {
    const count = 10_000;
    realm.write(() => {
      for (let x = 5; x <= count; ++x) realm.create("Item", { x });
    });

    const seen = [];
    for (const item of kinds.results()) {
      if (seen.push(item && item.x) === 1) {
        realm.write(() => realm.delete(realm.objects("Item").filtered("x == $0", count)));
      }
    }

    assert.equal(seen.length, count);
    assert.deepEqual(seen.slice(-2), [count - 1, null]);
  });

  it("may have transactions of its own", () => {
    const seen = [];
    for (const item of kinds.results()) {
      seen.push(item && item.x);
      if (seen.length === 2) {
        realm.write(() => realm.delete(realm.objects("Item").filtered("x == 4")));
      }
    }
    assert.deepEqual(seen, [1, 2, 3, null]);
  });
});

describe("an iteration over results", () => {
  it("shows null for what another realm has deleted meanwhile", () => {
    realm.write(() => [1, 2, 3].forEach((x) => realm.create("Item", { x })));
    const other = new Realm({ path: realm.path, inMemory: true });

    const seen = [];
    for (const item of realm.objects("Item").filtered("x > 0")) {
      seen.push(item && item.x);
      if (item?.x === 1) other.write(() => other.delete(other.objects("Item").filtered("x == 2")));
    }

    assert.deepEqual(seen, [1, null, 3]);
    other.close();
  });
});

describe("results of a realm that has been closed", () => {
  it("say so", () => {
    const all = realm.objects("Item");
    realm.close();

    for (const use of [() => all.length, () => all[0], () => [...all], () => all.map(String)]) {
      assert.throws(use, /^Error: Access to invalidated Results objects$/);
    }
    assert.equal(all.isValid(), false);
  });
});
