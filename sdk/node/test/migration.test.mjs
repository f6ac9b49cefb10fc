import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";

import Realm from "tombolo";

const First = {
  name: "Person",
  primaryKey: "_id",
  properties: { _id: "int", firstName: "string", lastName: "string", age: "int" },
};
const Second = {
  name: "Person",
  primaryKey: "_id",
  properties: { _id: "int", name: "string", age: "int?", tags: "string[]" },
};

let folder;
let path;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tombolo-migration-"));
  path = join(folder, "people.realm");
  const realm = new Realm({ path, schema: [First], schemaVersion: 1 });
  realm.write(() => {
    realm.create("Person", { _id: 1, firstName: "Ada", lastName: "Lovelace", age: 36 });
    realm.create("Person", { _id: 2, firstName: "Alan", lastName: "Turing", age: 41 });
  });
  realm.close();
});
afterEach(() => {
  Realm.shutdown();
  rmSync(folder, { recursive: true });
});

describe("a migration", () => {
  it("is needed for every change of a class, and the error lists them", () => {
    assert.throws(() => new Realm({ path, schema: [Second], schemaVersion: 1 }), {
      code: "SchemaMismatch",
      message: /Migration is required due to the following errors:\n- Property 'Person.name' has/,
    });
    assert.throws(() => new Realm({ path, schema: [First] }), {
      message: /Provided schema version 0 is less than last set version 1\./,
    });
  });

  it("copies what the callback copies, in one transaction", () => {
    let kept;
    const realm = new Realm({
      path,
      schema: [Second],
      schemaVersion: 2,
      onMigration: (oldRealm, newRealm) => {
        assert.equal(oldRealm.schemaVersion, 1);
        assert.equal(newRealm.schemaVersion, 2);
        assert.equal(newRealm.isInTransaction, true);
        assert.throws(() => newRealm.write(() => {}), /already in a write transaction/);
        assert.throws(() => oldRealm.write(() => {}), /read-only Realms/);
        const people = newRealm.objects("Person");
        oldRealm.objects("Person").forEach((old, i) => {
          people[i].name = `${old.firstName} ${old.lastName}`;
          people[i].tags.push("migrated");
        });
        kept = { oldRealm, newRealm, person: people[0] };
      },
    });

    assert.deepEqual(
      realm.objects("Person").map(({ name, age, tags }) => [name, age, [...tags]]),
      [
        ["Ada Lovelace", 36, ["migrated"]],
        ["Alan Turing", 41, ["migrated"]],
      ],
    );
    assert.equal(realm.schemaVersion, 2);
    // What was kept of it is of no use any more.
    assert.throws(() => kept.oldRealm.objects("Person"), /closed/);
    assert.throws(() => kept.newRealm.objects("Person"), /closed/);
    assert.throws(() => kept.person.name, /closed|deleted/);
    realm.close();
    assert.equal(realm.schemaVersion, 2);
    assert.equal(Realm.schemaVersion(path), 2);
    assert.equal(Realm.schemaVersion(join(folder, "none.realm")), -1);
  });

  it("that throws leaves the file as it was, and the error is the callback's", () => {
    const reason = new Error("not like this");
    assert.throws(
      () =>
        new Realm({
          path,
          schema: [Second],
          schemaVersion: 2,
          onMigration: (_, newRealm) => {
            newRealm.deleteAll();
            throw reason;
          },
        }),
      (error) => error === reason,
    );
    const realm = new Realm({ path, schema: [First], schemaVersion: 1 });
    assert.equal(realm.objects("Person").length, 2);
  });

  it("is not called for a new file, and not for the same version", () => {
    const onMigration = () => assert.fail("it was called");
    new Realm({ path: join(folder, "new.realm"), schema: [First], schemaVersion: 7, onMigration });
    new Realm({ path, schema: [First], schemaVersion: 1, onMigration });
  });

  it("can be left out by emptying the file", () => {
    const realm = new Realm({ path, schema: [Second], deleteRealmIfMigrationNeeded: true });
    assert.equal(realm.objects("Person").length, 0);
    assert.equal(realm.schemaVersion, 0);
  });

  it("has a configuration that is checked", () => {
    const open = (config) => () => new Realm({ path, schema: [First], ...config });
    assert.throws(open({ schemaVersion: "1" }), { name: "TypeAssertionError" });
    assert.throws(open({ schemaVersion: -1 }), /must be 0 or a positive integer/);
    assert.throws(open({ schemaVersion: 1.5 }), /must be 0 or a positive integer/);
    assert.throws(open({ onMigration: "later" }), { name: "TypeAssertionError" });
    assert.throws(
      open({ deleteRealmIfMigrationNeeded: true, readOnly: true }),
      /'deleteRealmIfMigrationNeeded' and 'readOnly' cannot both be defined/,
    );
  });

  it("may change primary keys, which have to be different at the end", () => {
    const open = (onMigration) =>
      new Realm({ path, schema: [First], schemaVersion: 2, onMigration }).objects("Person");
    assert.throws(
      () => open((_, newRealm) => newRealm.objects("Person").forEach((one) => (one._id = 7))),
      {
        code: "DuplicateKey",
        message: /Primary key property 'Person._id' has duplicate values after migration\. .*: 7$/,
      },
    );
    assert.throws(
      () => open((_, newRealm) => (newRealm.objects("Person")[0]._id = "one")),
      /Expected .* to be a/,
    );

    const people = open((_, newRealm) =>
      newRealm.objects("Person").forEach((one) => (one._id += 1)),
    );

    assert.deepEqual(
      people.map(({ _id, firstName }) => [_id, firstName]),
      [
        [2, "Ada"],
        [3, "Alan"],
      ],
    );
  });
});
