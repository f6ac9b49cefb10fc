import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

import Realm from "tombolo";

const Note = { name: "Note", primaryKey: "_id", properties: { _id: "int", text: "string" } };
const Tag = { name: "Tag", properties: { name: "string" } };

let folder;
let path;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tombolo-file-life-"));
  path = join(folder, "notes.realm");
});
afterEach(() => {
  Realm.shutdown();
  rmSync(folder, { recursive: true });
});

function addNotes(realm, count) {
  realm.write(() => {
    for (let _id = 0; _id < count; ++_id) realm.create("Note", { _id, text: "t".repeat(1000) });
  });
}

describe("a realm in memory", () => {
  it("is one for all that open it, and gone with the last", () => {
    const realm = new Realm({ path, schema: [Note], inMemory: true });
    addNotes(realm, 3);
    const same = new Realm({ path, schema: [Note], inMemory: true });

    assert.equal(same.objects("Note").length, 3);
    assert.equal(realm.isInMemory, true);
    assert.deepEqual(readdirSync(folder), []);
    assert.equal(Realm.exists({ path }), false);
    realm.close();
    same.close();
    assert.equal(same.isInMemory, true);
    const anew = new Realm({ path, schema: [Note], inMemory: true });
    assert.equal(anew.objects("Note").length, 0);
  });

  it("has neither the name of an open file nor sync", () => {
    const file = new Realm({ path, schema: [Note] });
    assert.equal(file.isInMemory, false);
    assert.throws(() => new Realm({ path, inMemory: true }), {
      code: "InvalidArgument",
      message: /already opened in this process with different options/,
    });
    for (const inMemory of [true, false]) {
      assert.throws(() => new Realm({ inMemory, sync: {} }), {
        message: /'inMemory' and 'sync' cannot both be defined/,
      });
    }
    assert.throws(() => new Realm({ inMemory: 1 }), /'inMemory' on realm configuration/);
  });
});

describe("a file that is only read", () => {
  it("takes no writes and no other schema", () => {
    const writable = new Realm({ path, schema: [Note] });
    addNotes(writable, 1);
    assert.equal(writable.isReadOnly, false);
    writable.close();

    const realm = new Realm({ path, schema: [Note], readOnly: true });
    assert.equal(realm.isReadOnly, true);
    assert.equal(realm.objects("Note").length, 1);
    assert.throws(() => realm.write(() => {}), /Can't perform transactions on read-only Realms/);
    realm.close();

    assert.throws(
      () => new Realm({ path, schema: [Note, Tag], readOnly: true }),
      /read-only schema mode/,
    );
    assert.throws(() => new Realm({ path: join(folder, "absent.realm"), readOnly: true }));
    assert.equal(existsSync(join(folder, "absent.realm")), false);
  });
});

const library = fileURLToPath(new URL("../dist/index.js", import.meta.url));
/** The program of a thread that has the file open until it is told to close it. */
const HOLDER = `
  const { parentPort, workerData } = require("node:worker_threads");
  const Realm = require(workerData.library);
  const realm = new Realm(workerData.path);
  parentPort.once("message", () => {
    parentPort.postMessage(realm.objects("Note").length);
    realm.close();
  });
  parentPort.postMessage(realm.compact());`;

describe("compacting", () => {
  function leaveFewNotes(realm) {
    addNotes(realm, 2000);
    realm.write(() => realm.delete(realm.objects("Note").filtered("_id >= 5")));
  }

  it("makes the file small and changes nothing else", () => {
    const realm = new Realm({ path, schema: [Note] });
    leaveFewNotes(realm);
    const before = statSync(path).size;
    const notes = realm.objects("Note");
    const first = notes[0];

    realm.beginTransaction();
    assert.throws(() => realm.compact(), /outside of a transaction/);
    realm.cancelTransaction();
    assert.equal(statSync(path).size, before);

    assert.equal(realm.compact(), true);
    assert.ok(statSync(path).size < before / 2);
    assert.equal(notes.length, 5);
    assert.equal(first._id, 0);
    realm.write(() => realm.create("Note", { _id: 9, text: "" }));
    assert.equal(notes.length, 6);
    realm.close();
    assert.throws(() => realm.compact(), /has been closed/);
  });

  it("leaves the other realms of the thread what they are", async () => {
    // Given two more realms of the file, one of them held by nobody, and what was read from the other,
    const realm = new Realm({ path, schema: [Note] });
    leaveFewNotes(realm);
    new Realm({ path, schema: [Note] });
    const other = new Realm({ path, schema: [Note] });
    const before = statSync(path).size;
    const notes = other.objects("Note");
    const few = notes.filtered("_id < 2").sorted("_id", true);
    const snapshot = notes.snapshot();
    const first = notes[0];
    const told = [];
    const call = () => new Promise((resolve) => told.push(resolve));
    notes.addListener((_, changes) => told.shift()(changes));
    assert.deepEqual((await call()).insertions, []);

    // when the file is compacted in the middle of a walk through its objects,
    const walked = [];
    for (const note of notes) {
      if (note._id === 2) assert.equal(realm.compact(), true);
      walked.push(note._id);
    }

    // then it is small, and everything is valid and live.
    assert.ok(statSync(path).size < before / 2);
    assert.deepEqual(walked, [0, 1, 2, 3, 4]);
    assert.equal(first._id, 0);
    assert.deepEqual(
      few.map(({ _id }) => _id),
      [1, 0],
    );
    const change = call();
    other.write(() => other.create("Note", { _id: 9, text: "" }));
    assert.deepEqual((await change).insertions, [5]);
    assert.equal(snapshot.length, 5);
    assert.equal(other.compact(), true);
    assert.equal(realm.objects("Note").length, 6);
    assert.equal(few.length, 2);
  });

  it("is refused while a realm of the thread is in a transaction", () => {
    const realm = new Realm({ path, schema: [Note] });
    const other = new Realm({ path, schema: [Note] });
    const refusal = { code: "InTransaction", message: /inside a write transaction/ };

    other.write(() => {
      other.create("Note", { _id: 1, text: "" });
      assert.throws(() => realm.compact(), refusal);
    });

    const onMigration = (oldRealm, newRealm) => {
      assert.throws(() => realm.compact(), refusal);
      assert.throws(() => oldRealm.compact(), refusal);
      assert.throws(() => newRealm.compact(), /outside of a transaction/);
    };
    const migrated = new Realm({ path, schema: [Note], schemaVersion: 1, onMigration });
    assert.equal(migrated.objects("Note").length, 1);
    assert.equal(realm.compact(), true);
  });

  it("is not done while another thread has the file", async () => {
    const realm = new Realm({ path, schema: [Note] });
    const other = new Realm({ path, schema: [Note] });
    leaveFewNotes(realm);
    const before = statSync(path).size;
    const worker = new Worker(HOLDER, { eval: true, workerData: { library, path } });
    const [compacted] = await once(worker, "message");

    assert.equal(compacted, false);
    assert.equal(realm.compact(), false);
    assert.equal(statSync(path).size, before);
    assert.equal(other.objects("Note").length, 5);
    worker.postMessage("close");
    assert.deepEqual(await once(worker, "message"), [5]);
    await once(worker, "exit");
    assert.equal(realm.compact(), true);
    assert.ok(statSync(path).size < before / 2);
  });

  it("is asked for at the first opening", () => {
    const old = new Realm({ path, schema: [Note] });
    leaveFewNotes(old);
    old.close();
    const before = statSync(path).size;
    const asked = [];
    let answer = false;
    const shouldCompact = (totalBytes, usedBytes) => {
      asked.push([totalBytes, usedBytes]);
      return answer;
    };

    new Realm({ path, shouldCompact }).close();
    assert.equal(statSync(path).size, before);
    assert.ok(asked[0][0] <= before && asked[0][1] < asked[0][0] / 2);
    answer = true;
    const realm = new Realm({ path, shouldCompact });
    assert.ok(statSync(path).size < before / 2);
    assert.equal(realm.objects("Note").length, 5);
    new Realm({ path, shouldCompact }).close();
    assert.equal(asked.length, 2);
    realm.close();

    const failure = new Error("mine");
    assert.throws(
      () =>
        new Realm({
          path,
          shouldCompact: () => {
            throw failure;
          },
        }),
      (error) => error === failure,
    );
    assert.equal(new Realm({ path }).objects("Note").length, 5);
    assert.throws(() => new Realm({ path, shouldCompact: 1 }), /'shouldCompact' on realm conf/);
  });
});

describe("a class that is removed", () => {
  it("takes its objects along and raises the schema version", () => {
    const realm = new Realm({ path, schema: [Note, Tag], schemaVersion: 4 });
    addNotes(realm, 2);
    const notes = realm.objects("Note");
    const note = notes[0];
    assert.throws(() => realm.deleteModel("Note"), /within a transaction/);

    // When it is removed and the transaction cancelled, everything is as it was;
    realm.beginTransaction();
    realm.deleteModel("Note");
    realm.cancelTransaction();
    assert.equal(notes.length, 2);
    assert.equal(realm.objects("Note").length, 2);
    assert.equal(realm.schema.length, 2);

    // otherwise it is gone, for those who look at it too.
    realm.write(() => realm.deleteModel("Note"));
    assert.equal(realm.schemaVersion, 5);
    assert.deepEqual(
      realm.schema.map(({ name }) => name),
      ["Tag"],
    );
    assert.equal(note.isValid(), false);
    assert.equal(notes.length, 0);
    assert.throws(() => realm.objects("Note"), /Object type 'Note' not found in schema/);
    realm.close();
    assert.equal(new Realm({ path }).schema.length, 1);
  });

  it("in a migration is empty when the new schema has it", () => {
    const old = new Realm({ path, schema: [Note, Tag] });
    addNotes(old, 2);
    assert.equal(old.isInMigration, false);
    old.close();

    const realm = new Realm({
      path,
      schema: [Note],
      schemaVersion: 1,
      onMigration: (oldRealm, newRealm) => {
        assert.equal(oldRealm.isInMigration, false);
        assert.equal(oldRealm.isReadOnly, false);
        assert.equal(newRealm.isInMigration, true);
        newRealm.deleteModel("Note");
        newRealm.deleteModel("Tag");
      },
    });

    assert.equal(realm.isInMigration, false);
    assert.equal(realm.schemaVersion, 1);
    assert.equal(realm.objects("Note").length, 0);
    realm.close();
    assert.deepEqual(
      new Realm({ path }).schema.map(({ name }) => name),
      ["Note"],
    );
  });
});
