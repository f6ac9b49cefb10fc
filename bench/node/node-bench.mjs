// How fast is the Node SDK beside better-sqlite3, both durable?
//
// 100,000 objects with an int key, a string, a double and an int. SQLite runs with prepared
// statements, a write-ahead log and synchronous=full. Every figure of a pair is taken in the same
// run, and both sides have to come to the same sums.

import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

import Database from "better-sqlite3";

import { Bench, medians, rateOf } from "./bench-rows.mjs";

const { Realm } = createRequire(import.meta.url)("../../sdk/node");

const OBJECTS = 100_000;
const GROUPS = 100;
const ROUNDS = 7;
const COUNTS = 20;

const SCHEMA = {
  name: "Item",
  primaryKey: "_id",
  properties: { _id: "int", name: "string", score: "double", group: "int" },
};

/** The same numbers in every run. */
function makeRandom(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * below);
  };
}

const random = makeRandom(20150101);
const items = Array.from({ length: OBJECTS }, (_, i) => ({
  _id: i,
  name: `object number ${random(1_000_000)}`,
  score: random(1_000_000) / 1e6,
  group: random(GROUPS),
}));
const keys = items.map(({ _id }) => _id);
for (let i = keys.length - 1; i > 0; --i) {
  const j = random(i + 1);
  [keys[i], keys[j]] = [keys[j], keys[i]];
}

const directory = mkdtempSync(join(tmpdir(), "tombolo-bench-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
let files = 0;

function openRealm() {
  return new Realm({ path: join(directory, `${++files}.realm`), schema: [SCHEMA] });
}
function openDatabase() {
  const database = new Database(join(directory, `${++files}.sqlite`));
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.exec(
    "CREATE TABLE items(id INTEGER PRIMARY KEY, name TEXT NOT NULL, score REAL NOT NULL," +
      " group_id INTEGER NOT NULL)",
  );
  return database;
}

function createAll(realm) {
  realm.write(() => {
    for (const item of items) realm.create("Item", item);
  });
}
function insertAll(database) {
  const insert = database.prepare("INSERT INTO items VALUES(?, ?, ?, ?)");
  database.transaction(() => {
    for (const { _id, name, score, group } of items) insert.run(_id, name, score, group);
  })();
}

const bench = new Bench("node", process.argv.slice(2));

/**
 * Adds the row if it is selected; each side answers with a sum that the other one has to have.
 *
 * @param sumsAfter of both sides, where the work itself comes to none.
 */
function compare({ measure, unit = "objects/s", target, count = OBJECTS, ours, peer, sumsAfter }) {
  if (!bench.selects(measure)) return;
  const sums = {};
  const timed = (side, work) => () => rateOf(count, () => (sums[side] = work()));
  const rates = medians(ROUNDS, timed("ours", ours), timed("peer", peer));
  Object.assign(sums, sumsAfter?.());
  if (sums.ours !== sums.peer) {
    throw new Error(`${measure}: the sides come to ${sums.ours} and ${sums.peer}`);
  }
  bench.row({ measure, ...rates, unit, target });
}

if (bench.selects("create in a loop")) {
  const rates = medians(
    ROUNDS,
    () => {
      const realm = openRealm();
      const rate = rateOf(OBJECTS, () => createAll(realm));
      realm.close();
      return rate;
    },
    () => {
      const database = openDatabase();
      const rate = rateOf(OBJECTS, () => insertAll(database));
      database.close();
      return rate;
    },
  );
  bench.row({ measure: "create in a loop", ...rates, unit: "objects/s", target: 0.5 });
}

const realm = openRealm();
const database = openDatabase();
createAll(realm);
insertAll(database);

const byKey = database.prepare("SELECT group_id, score FROM items WHERE id = ?");
compare({
  measure: "read 2 properties by key",
  target: 2,
  ours() {
    let sum = 0;
    for (const key of keys) {
      const item = realm.objectForPrimaryKey("Item", key);
      sum += item.group + item.score;
    }
    return sum;
  },
  peer() {
    let sum = 0;
    for (const key of keys) {
      const row = byKey.get(key);
      sum += row.group_id + row.score;
    }
    return sum;
  },
});

const all = database.prepare("SELECT group_id, score FROM items");
compare({
  measure: "iterate, 2 properties",
  target: 1.2,
  ours() {
    let sum = 0;
    for (const item of realm.objects("Item")) sum += item.group + item.score;
    return sum;
  },
  peer() {
    let sum = 0;
    for (const row of all.iterate()) sum += row.group_id + row.score;
    return sum;
  },
});

const setGroup = database.prepare("UPDATE items SET group_id = ? WHERE id = ?");
let ourUpdates = 0;
let peerUpdates = 0;
compare({
  measure: "update one property",
  target: 1,
  ours() {
    const by = ++ourUpdates;
    realm.write(() => {
      for (const key of keys) realm.objectForPrimaryKey("Item", key).group = (key * by) % GROUPS;
    });
  },
  peer() {
    const by = ++peerUpdates;
    database.transaction(() => {
      for (const key of keys) setGroup.run((key * by) % GROUPS, key);
    })();
  },
  sumsAfter: () => ({
    ours: realm.objects("Item").sum("group"),
    peer: database.prepare("SELECT sum(group_id) AS sum FROM items").get().sum,
  }),
});

const countGroup = database.prepare("SELECT count(*) AS found FROM items WHERE group_id = ?");
compare({
  measure: "filter by int, count",
  target: 20,
  count: OBJECTS * COUNTS,
  ours() {
    let found = 0;
    for (let i = 0; i < COUNTS; ++i) {
      found += realm.objects("Item").filtered("group == $0", i).length;
    }
    return found;
  },
  peer() {
    let found = 0;
    for (let i = 0; i < COUNTS; ++i) found += countGroup.get(i).found;
    return found;
  },
});

realm.close();
database.close();
process.exitCode = bench.finish();
